"""The VAE family: VAE, beta-VAE, FactorVAE, beta-TCVAE, DIP-VAE, Ada-GVAE and the adversarial autoencoder."""

from collections.abc import Iterable

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models() -> Iterable[ModelSpec]:
    yield ModelSpec(
        name="vae",
        summary="variational autoencoder with a Bernoulli decoder",
        target="deval_vae.vae:VAE",
        config="deval_vae.config:VAEConfig",
        paper="Kingma, Welling: Auto-Encoding Variational Bayes, ICLR 2014",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="beta-vae",
        summary="VAE whose KL to the prior has the weight beta",
        target="deval_vae.beta_vae:BetaVAE",
        config="deval_vae.config:BetaVAEConfig",
        paper="Higgins et al.: beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework, "
        "ICLR 2017",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="annealed-vae",
        summary="beta-VAE whose KL is held at a capacity that rises during training",
        target="deval_vae.annealed_vae:AnnealedVAE",
        config="deval_vae.config:AnnealedVAEConfig",
        paper="Burgess et al.: Understanding disentangling in beta-VAE, 2018",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="factorvae",
        summary="VAE with a penalty on the total correlation, which a discriminator estimates",
        target="deval_vae.factorvae:FactorVAE",
        config="deval_vae.config:FactorVAEConfig",
        paper="Kim, Mnih: Disentangling by Factorising, ICML 2018",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="beta-tcvae",
        summary="VAE whose total correlation, estimated from the minibatch, has the weight beta",
        target="deval_vae.beta_tcvae:BetaTCVAE",
        config="deval_vae.config:BetaTCVAEConfig",
        paper="Chen, Li, Grosse, Duvenaud: Isolating Sources of Disentanglement in Variational Autoencoders, "
        "NeurIPS 2018",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="dip-vae-i",
        summary="VAE whose posterior means are pushed to be uncorrelated, of variance 1",
        target="deval_vae.dip_vae:DIPVAEI",
        config="deval_vae.config:DIPVAEIConfig",
        paper="Kumar, Sattigeri, Balakrishnan: Variational Inference of Disentangled Latent Concepts from Unlabeled "
        "Observations, ICLR 2018",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="dip-vae-ii",
        summary="VAE whose latents are pushed to be uncorrelated, of variance 1",
        target="deval_vae.dip_vae:DIPVAEII",
        config="deval_vae.config:DIPVAEIIConfig",
        paper="Kumar, Sattigeri, Balakrishnan: Variational Inference of Disentangled Latent Concepts from Unlabeled "
        "Observations, ICLR 2018",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="ada-gvae",
        summary="VAE trained on pairs of images that differ in few factors",
        target="deval_vae.ada_gvae:AdaGVAE",
        config="deval_vae.config:AdaGVAEConfig",
        paper="Locatello, Poole, Raetsch, Schoelkopf, Bachem, Tschannen: Weakly-Supervised Disentanglement Without "
        "Compromises, ICML 2020",
        api=1,
        version=1,
    )
    yield ModelSpec(
        name="aae",
        summary="adversarial autoencoder: a discriminator pulls the aggregate posterior to the prior",
        target="deval_vae.aae:AAE",
        config="deval_vae.config:AAEConfig",
        paper="Makhzani, Shlens, Jaitly, Goodfellow, Frey: Adversarial Autoencoders, 2015",
        api=1,
        version=1,
    )
