from disentangle_eval.api import Losses
from disentangle_eval.nn.gaussian_vae import GaussianVAE


class WAEMMD(GaussianVAE):
    def losses(self, step):
        batch = self.next_batch(step)
        distance = mmd(batch.z, self.prior.sample(step, step.batch))
        return Losses({"vae": batch.reconstruction + self.cfg.lambda_ * distance}, {**batch.terms, "mmd": distance})


def mmd(x, y):
    def kernel(a, b):  # inverse multiquadratics, with the constant 2 Z of the paper for a normal prior
        return 2 * a.shape[1] / (2 * a.shape[1] + (a[:, None] - b).square().sum(2))

    others = len(x) * (len(x) - 1)
    return sum((kernel(a, a).sum() - len(a)) / others for a in (x, y)) - 2 * kernel(x, y).mean()
