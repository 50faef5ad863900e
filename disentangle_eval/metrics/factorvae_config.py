"""Settings of the FactorVAE metric, and the protocols it is reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from disentangle_eval.config import Field, MetricConfig, Values


class FactorVAEConfig(MetricConfig):
    """Settings of the FactorVAE metric.

    Protocols: `dlib`, disentanglement_lib's study (Locatello et al., 2019), number for number; `kim-mnih`, the paper
    (Kim & Mnih, 2018); `ib-gan`, IB-GAN's evaluation (Jeon et al., 2021). The paper takes the scale over all images
    (here: any `variance_samples` from the size of the data set on) and does not state when a dimension counts as
    collapsed; 10,000 images and 0.01 nats are our choice.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {
            "samples_per_vote": 64,
            "train_votes": 10_000,
            "eval_votes": 5_000,
            "reported": "eval",
            "scale": "sample",
            "variance_samples": 10_000,
            "prune": "std",
            "threshold": 0.05,
            "stream": "reference",
        },
        "kim-mnih": {
            "samples_per_vote": 100,
            "train_votes": 800,
            "eval_votes": 800,
            "reported": "train",
            "scale": "sample",
            "variance_samples": 10_000,
            "prune": "posterior-kl",
            "threshold": 0.01,
            "stream": "independent",
        },
        "ib-gan": {
            "samples_per_vote": 100,
            "train_votes": 800,
            "eval_votes": 800,
            "reported": "train",
            "scale": "votes",
            "prune": "variance",
            "threshold": 0.05,
            "stream": "independent",
        },
    }

    samples_per_vote: int = Field(64, ge=2, description="images that share one factor in a vote")
    train_votes: int = Field(10_000, ge=1, description="votes the classifier is made from")
    eval_votes: int = Field(5_000, ge=1, description="fresh votes the classifier is tested on")
    reported: Literal["eval", "train"] = Field("eval", description="votes whose accuracy is the score")
    scale: Literal["sample", "votes"] = Field(
        "sample", description="images that give each dimension's variance: a random sample, or those of the train votes"
    )
    variance_samples: int = Field(10_000, ge=2, description="images in the random sample")
    prune: Literal["std", "variance", "posterior-kl"] = Field(
        "std", description="what is compared with the threshold; constant dimensions never vote"
    )
    threshold: float = Field(0.05, ge=0, description="a dimension below this does not vote (nats for posterior-kl)")
    stream: Literal["reference", "independent"] = Field(
        "reference", description="random numbers: disentanglement_lib's draws and precision, or ours in float64"
    )
