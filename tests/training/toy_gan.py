"""A GAN of a few dozen parameters, ten images, and a run of twelve iterations that a test can break off anywhere."""

from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import softplus

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.api import Group, ImageShape, Losses, Model, Optim, Player, Round
from disentangle_eval.config import Field, ModelConfig, build
from disentangle_eval.opening.models import build_model
from disentangle_eval.training.folder import RunFolder
from disentangle_eval.training.run import Identity, Run, Ticks
from disentangle_eval.training.training import Training

SHAPE = ImageShape(1, 2, 2)
ITERATIONS = 12


class ToyConfig(ModelConfig):
    batch_size: int = Field(3, ge=1, description="images per batch")
    iterations: int = Field(ITERATIONS, ge=1, description="training iterations")
    lr: float = Field(0.01, gt=0, description="learning rate")


class ToyGAN(Model[ToyConfig]):
    """Two players in one round on a shared forward pass, and every other iteration two more rounds of one of them."""

    def __init__(self, cfg, image):
        super().__init__(cfg, image)
        self.drawer = nn.Linear(2, 4)
        self.critic = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1))

    def players(self):
        return [
            Player("critic", (Group(self.critic),), Optim(lr=self.cfg.lr, betas=(0.5, 0.9))),
            Player("drawer", (Group(self.drawer),), Optim(lr=self.cfg.lr, kind="rmsprop", momentum=0.9)),
        ]

    def rounds(self):
        return [Round(self.adversarial, ("critic", "drawer")), Round(self.shrink, ("drawer",), every=2, repeats=2)]

    def adversarial(self, step):
        fake = self.drawer(step.normal(step.batch, 2)).view(-1, *self.image)
        fake_logit, real_logit = self.critic(fake), self.critic(step.images())
        return Losses(
            total={
                "critic": softplus(fake_logit).mean() + softplus(-real_logit).mean(),
                "drawer": softplus(-fake_logit).mean(),
            },
            terms={"pixels": fake.flatten(1).mean(dim=0), "clock": step.iteration / 10},
        )

    def shrink(self, step):
        size = self.drawer(step.uniform(step.batch, 2)).square().mean()
        return Losses(total={"drawer": size}, terms={"size": size})


class ToyData:
    """Ten images of noise. `at(n)` is called as batch n, from 0, is handed out: one batch an iteration."""

    name = "toy@drawn"
    shape = SHAPE
    factors = None

    def __init__(self, sha256="0" * 64):
        self.sha256 = sha256
        self.pixels = torch.rand(10, *SHAPE, generator=torch.Generator().manual_seed(5))
        self.at = lambda n: None
        self.poisoned = set()
        self.handed = 0

    def __len__(self):
        return len(self.pixels)

    def images(self, index):
        n, self.handed = self.handed, self.handed + 1
        self.at(n)
        return self.pixels[index] * (float("nan") if n in self.poisoned else 1)

    def to(self, device):
        return self


def toy_run(
    folder, *, data=None, seed=0, log=4, checkpoint=5, snapshot=6, new_graph=None, precision="float32", **settings
):
    """A run that is neither started nor resumed."""
    cfg = build(ToyConfig, settings)
    model = build_model(ToyGAN, cfg, SHAPE, seed)
    training = Training(
        model, data or ToyData(), cfg, seed, torch.device("cpu"), precision=precision, new_graph=new_graph
    )
    return Run(
        training,
        identity=Identity(model="toy", distribution="deval-toy", version=1, dataset="toy"),
        folder=RunFolder(Path(folder)),
        ticks=Ticks(log=log, checkpoint=checkpoint, snapshot=snapshot),
    )


def started(folder, **options):
    run = toy_run(folder, **options)
    run.start({})
    return run


def resumed(folder, **options):
    run = toy_run(folder, **options)
    run.resume()
    # batches are counted from the first iteration, whoever trained it
    run.training.data.handed = run.iteration
    return run


def finish(run):
    run.train()
    return run.folder


def same(a, b):
    """Whether two trees of plain data and tensors hold the same bits."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return a == b


def assert_same_run(folder, other):
    """Log, newest checkpoint and snapshots of two runs are bit for bit the same."""
    assert folder.log.read_bytes() == other.log.read_bytes()
    assert same(vars(checkpoints.load(folder.checkpoint)), vars(checkpoints.load(other.checkpoint)))
    assert folder.checkpoint.read_bytes() == other.checkpoint.read_bytes()
    kept, others = (sorted(f.snapshot(0).parent.iterdir()) for f in (folder, other))
    assert [path.name for path in kept] == [path.name for path in others]
    for one, two in zip(kept, others, strict=True):
        assert one.read_bytes() == two.read_bytes()
