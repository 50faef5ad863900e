"""Settings of the metrics of this family, and the protocols they are reported under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field as Bounds
from pydantic import field_validator

from disentangle_eval.config import Field, MetricConfig, Values


def without_grid(needs: frozenset[str]) -> frozenset[str]:
    """What a metric needs, with the factors of labelled images in place of a full grid of them."""
    return needs - {"grid"} | {"factors"}


# Factors of the known data sets whose classes have no order.
UNORDERED = (
    "shape",
    "object_shape",
    "object_color",
    "background_color",
    "colour",
    "object",
    "category",
    "identity",
    "model",
)

_DLIB_VOTES: Values = {
    "samples_per_vote": 64,
    "train_votes": 10_000,
    "eval_votes": 5_000,
    "reported": "eval",
    "scale": "sample",
    "variance_samples": 10_000,
    "prune": "std",
    "threshold": 0.05,
}


class FactorVAEConfig(MetricConfig):
    """Settings of the FactorVAE metric.

    Protocols: `dlib`, disentanglement_lib's study (Locatello et al., 2019), number for number; `kim-mnih`, the paper
    (Kim & Mnih, 2018); `ib-gan`, IB-GAN's evaluation (Jeon et al., 2021); `infogan-cr`, that of InfoGAN-CR (Lin et al.,
    2020), which fixes the factors in turn and prunes nothing; `labelled`, the numbers of `dlib` with votes
    among labelled images that are no full grid. The paper takes the scale over all images (here: any `variance_samples`
    from the size of the data set on) and does not state when a dimension counts as collapsed; 10,000 images and 0.01
    nats are our choice.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {**_DLIB_VOTES, "stream": "reference"},
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
        "infogan-cr": {
            "samples_per_vote": 100,
            "train_votes": 500,
            "eval_votes": 500,
            "reported": "train",
            "scale": "sample",
            "variance_share": 0.1,
            "prune": "none",
            "stream": "in-turn",
        },
        "labelled": {**_DLIB_VOTES, "stream": "labelled"},
    }

    samples_per_vote: int = Field(64, ge=2, description="images that share one factor in a vote")
    train_votes: int = Field(10_000, ge=1, description="training votes of the classifier")
    eval_votes: int = Field(5_000, ge=1, description="fresh votes on which the classifier is tested")
    reported: Literal["eval", "train"] = Field("eval", description="votes whose accuracy is the score")
    scale: Literal["sample", "votes"] = Field(
        "sample", description="images for each dimension's variance: a random sample, or those of the train votes"
    )
    variance_samples: int = Field(10_000, ge=2, description="images in the random sample")
    variance_share: float | None = Field(
        None, gt=0, le=1, description="share of all images in the random sample, instead of their number"
    )
    prune: Literal["std", "variance", "posterior-kl", "none"] = Field(
        "std", description="quantity that is compared with the threshold; constant dimensions never vote"
    )
    threshold: float = Field(0.05, ge=0, description="a dimension below this does not vote (nats for posterior-kl)")
    stream: Literal["reference", "independent", "in-turn", "labelled"] = Field(
        "reference",
        description="random images: disentanglement_lib's draws and precision, ours in float64, ours with the factors "
        "fixed in turn, or ours without a full grid",
    )

    def needed(self, of_metric: frozenset[str]) -> frozenset[str]:
        return without_grid(of_metric) if self.stream == "labelled" else of_metric


_DLIB_POINTS: Values = {
    "pairs_per_point": 64,
    "train_points": 10_000,
    "eval_points": 5_000,
    "iterations": 100,
    "tolerance": 1e-4,
    "penalty": 1.0,
}
_KIM_MNIH_POINTS: Values = {
    "pairs_per_point": 200,
    "train_points": 100_000,
    "eval_points": 800,
    "stream": "independent",
}


class HigginsConfig(MetricConfig):
    """Settings of the Higgins metric.

    Protocols: `dlib`, disentanglement_lib's code (Locatello et al., 2019) under today's scikit-learn, number for
    number; `dlib-2019`, under the scikit-learn that its study ran with; `kim-mnih`, the closed protocol of Kim & Mnih
    (2018), whose classifier stops after a fixed number of iterations; `converged`, the same points with a classifier at
    its minimum; `labelled`, the numbers of `dlib` with pairs among labelled images that are no full grid. The paper
    does not state Adagrad's accumulator, the initial weights or whether batches repeat; 0.1, zeros and fresh points for
    every batch are our choice.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {**_DLIB_POINTS, "stream": "reference", "solver": "lbfgs"},
        "dlib-2019": {**_DLIB_POINTS, "stream": "reference", "solver": "liblinear"},
        "kim-mnih": {
            **_KIM_MNIH_POINTS,
            "solver": "adagrad",
            "iterations": 10_000,
            "batch_size": 10,
            "learning_rate": 0.01,
            "accumulator": 0.1,
            "weight_std": 0.0,
        },
        "converged": {
            **_KIM_MNIH_POINTS,
            "solver": "newton",
            "iterations": 1_000,
            "tolerance": 1e-8,
            "penalty": 0.01,
        },
        "labelled": {**_DLIB_POINTS, "stream": "labelled", "solver": "lbfgs"},
    }

    pairs_per_point: int = Field(64, ge=1, description="pairs of images per point, whose differences are averaged")
    train_points: int = Field(10_000, ge=1, description="training points of the classifier")
    eval_points: int = Field(5_000, ge=1, description="fresh points on which the classifier is tested")
    stream: Literal["reference", "independent", "labelled"] = Field(
        "reference",
        description="random images: disentanglement_lib's draws and precision, ours in float64, or without a full grid",
    )
    solver: Literal["lbfgs", "liblinear", "adagrad", "newton"] = Field(
        "lbfgs",
        description="how the classifier is trained; liblinear takes each class against the others, newton standardises "
        "the points and must converge",
    )
    iterations: int = Field(100, ge=1, description="iterations of adagrad; maximum for the other solvers")
    tolerance: float = Field(
        1e-4,
        gt=0,
        description="largest gradient at which lbfgs and newton end, nats per weight; liblinear's own tolerance",
    )
    penalty: float = Field(
        1.0, gt=0, description="all but adagrad: weight of half the squared weights next to the summed cross entropy"
    )
    batch_size: int = Field(10, ge=1, description="adagrad: points per batch; batches are consecutive")
    learning_rate: float = Field(0.01, gt=0, description="adagrad: learning rate")
    accumulator: float = Field(0.1, gt=0, description="adagrad: initial sum of squared gradients")
    weight_std: float = Field(0.0, ge=0, description="adagrad: standard deviation of the initial weights")

    def needed(self, of_metric: frozenset[str]) -> frozenset[str]:
        return without_grid(of_metric) if self.stream == "labelled" else of_metric


class MIGConfig(MetricConfig):
    """Settings of the mutual information gap.

    Protocols: `dlib`, disentanglement_lib's study (Locatello et al., 2019), number for number; `chen`, the paper's own
    estimator from samples of the posterior, over all images (Chen et al., 2018).
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {"num_train": 10_000, "estimator": "histogram", "bins": 20},
        "chen": {"num_train": None, "estimator": "posterior", "num_samples": 10_000},
    }

    num_train: int | None = Field(10_000, ge=2, description="images for the mutual information; none: all")
    estimator: Literal["histogram", "posterior"] = Field(
        "histogram",
        description="information of codes in bins, or of samples of the posterior by their density",
    )
    bins: int = Field(20, ge=2, description="histogram: bins of a code dimension of real numbers")
    num_samples: int = Field(10_000, ge=2, description="posterior: samples of the aggregate posterior")

    def needed(self, of_metric: frozenset[str]) -> frozenset[str]:
        return of_metric | {"posterior"} if self.estimator == "posterior" else of_metric


class SAPConfig(MetricConfig):
    """Settings of the SAP score.

    Protocols: `dlib`, disentanglement_lib's study (Locatello et al., 2019), number for number; `correlation`, the
    paper's form for continuous factors (Kumar et al., 2018).
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {"num_train": 10_000, "num_test": 5_000, "predictor": "svm"},
        "correlation": {"num_train": 10_000, "predictor": "correlation"},
    }

    num_train: int = Field(10_000, ge=2, description="images for fitting the classifiers, or for the correlation")
    num_test: int = Field(5_000, ge=2, description="svm: fresh images on which the classifiers are tested")
    predictor: Literal["svm", "correlation"] = Field(
        "svm", description="score of a dimension: a linear classifier's accuracy, or the squared correlation"
    )


class DCIConfig(MetricConfig):
    """Settings of DCI.

    Protocol: `dlib`, disentanglement_lib's study (Locatello et al., 2019), with scikit-learn's default trees.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {"num_train": 10_000, "num_test": 5_000, "stages": 100, "depth": 3, "learning_rate": 0.1},
    }

    num_train: int = Field(10_000, ge=2, description="training images of the trees")
    num_test: int = Field(5_000, ge=2, description="fresh test images")
    stages: int = Field(100, ge=1, description="boosting stages, each of one tree per class")
    depth: int = Field(3, ge=1, le=16, description="splits between a tree's root and a leaf")
    learning_rate: float = Field(0.1, gt=0, le=1, description="factor on the prediction of each tree")


class ModularityExplicitnessConfig(MetricConfig):
    """Settings of modularity and explicitness.

    Protocols: `dlib`, disentanglement_lib's code (Locatello et al., 2019) under today's scikit-learn; `dlib-2019`,
    under the scikit-learn that its study ran with, where the explicitness is by liblinear, one class against the
    others.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {"num_train": 10_000, "num_test": 5_000, "bins": 20, "solver": "lbfgs"},
        "dlib-2019": {"num_train": 10_000, "num_test": 5_000, "bins": 20, "solver": "liblinear"},
    }

    num_train: int = Field(
        10_000, ge=2, description="images for the mutual information and for fitting the classifiers"
    )
    num_test: int = Field(5_000, ge=2, description="fresh images on which the classifiers are tested")
    bins: int = Field(20, ge=2, description="bins of the histogram of a code dimension of real numbers")
    solver: Literal["lbfgs", "liblinear"] = Field(
        "lbfgs", description="explicitness: multinomial by lbfgs, or each class against the others by liblinear"
    )


class IRSConfig(MetricConfig):
    """Settings of the interventional robustness score.

    Protocols: `dlib`, disentanglement_lib number for number (10,000 random images, the 99th percentile of deviations,
    factors in at most 20 classes); `suter`, the paper's supremum (Suter et al., 2019) over all images and the factors'
    own classes.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "dlib": {"num_images": 10_000, "quantile": 0.99, "bins": 20, "precision": "codes"},
        "suter": {"num_images": None, "quantile": 1.0, "bins": None, "precision": "float64"},
    }

    num_images: int | None = Field(10_000, ge=2, description="random images; none: all")
    quantile: float = Field(
        0.99, gt=0, le=1, description="quantile of the deviations of a group of images; 1 is the largest"
    )
    bins: int | None = Field(
        20, ge=2, description="histogram bins for the classes of a factor; none: the classes themselves"
    )
    precision: Literal["codes", "float64"] = Field(
        "codes", description="precision: that of the codes, as in disentanglement_lib, or float64"
    )


class MIGSupConfig(MetricConfig):
    """Settings of MIG-sup.

    Protocols: `histogram`, the paper's threshold (Li et al., 2020) and the table of `mig`; `carbonneau`, the review of
    Carbonneau et al. (2022), relative to the entropy of a code dimension in 10 bins, without a threshold.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "histogram": {"num_train": 10_000, "bins": 20, "relative_to": "factor", "threshold": 0.01},
        "carbonneau": {"num_train": 10_000, "bins": 10, "relative_to": "code", "threshold": None},
    }

    num_train: int = Field(10_000, ge=2, description="images for the mutual information")
    bins: int = Field(20, ge=2, description="bins of the histogram of a code dimension of real numbers")
    relative_to: Literal["factor", "code"] = Field(
        "factor", description="entropy by which the information is divided: the factor's, or the code dimension's"
    )
    threshold: float | None = Field(
        0.01, ge=0, description="dimensions with no larger variance are left out; none: only constant ones"
    )


class DCIMIGConfig(MetricConfig):
    """Settings of DCIMIG.

    Protocols: `histogram`, the table of `mig`; `carbonneau`, the 10 bins of the review of Carbonneau et al. (2022).
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "histogram": {"num_train": 10_000, "bins": 20},
        "carbonneau": {"num_train": 10_000, "bins": 10},
    }

    num_train: int = Field(10_000, ge=2, description="images for the mutual information")
    bins: int = Field(20, ge=2, description="bins of the histogram of a code dimension of real numbers")


class RMIGConfig(MetricConfig):
    """Settings of RMIG.

    Protocol: `do-tran`, 100 bins from -4 to 4, as the paper (Do & Tran, 2020); over random images, where it takes all.
    """

    protocols: ClassVar[Mapping[str, Values]] = {"do-tran": {"num_train": 10_000, "bins": 100, "limit": 4.0}}

    num_train: int = Field(10_000, ge=2, description="images for the mutual information")
    bins: int = Field(100, ge=2, description="bins of equal width for a posterior's mass")
    limit: float = Field(4.0, gt=0, description="the bins reach from minus this number to this number")


class JEMMIGConfig(MetricConfig):
    """Settings of JEMMIG.

    Protocols: `do-tran`, a posterior's mass in 100 bins from -4 to 4, as the paper (Do & Tran, 2020), over random
    images, where it takes all; `histogram`, the table of `mig`; `carbonneau`, the 10 bins of the review of Carbonneau
    et al. (2022).
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "do-tran": {"num_train": 10_000, "bins": 100, "limit": 4.0},
        "histogram": {"num_train": 10_000, "bins": 20, "limit": None},
        "carbonneau": {"num_train": 10_000, "bins": 10, "limit": None},
    }

    num_train: int = Field(10_000, ge=2, description="images for the mutual information")
    bins: int = Field(100, ge=2, description="bins of equal width of a code dimension of real numbers")
    limit: float | None = Field(
        4.0, gt=0, description="bins from minus this to this for a posterior's mass; none: a histogram of codes"
    )


class MIGKNNConfig(MetricConfig):
    """Settings of the mutual information gap by nearest neighbours.

    Protocols: `ross`, factors as classes (Ross, 2014); `kraskov`, factors as real numbers (Kraskov et al., 2004); both
    with scikit-learn's three neighbours.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "ross": {"num_train": 10_000, "neighbours": 3, "factors": "classes"},
        "kraskov": {"num_train": 10_000, "neighbours": 3, "factors": "values"},
    }

    num_train: int = Field(10_000, ge=2, description="images for the mutual information")
    neighbours: int = Field(3, ge=1, description="the neighbour whose distance is measured; more for less variance")
    factors: Literal["classes", "values"] = Field("classes", description="factors as classes or as real numbers")


class InfoMECConfig(MetricConfig):
    """Settings of InfoMEC.

    Protocol: `hsu`, the paper's (Hsu et al., 2023) number for number, on 10,000 random images.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "hsu": {"num_train": 10_000, "neighbours": 10, "least_range": 0.05},
    }

    num_train: int = Field(10_000, ge=2, description="images for all estimates")
    neighbours: int = Field(10, ge=1, description="the neighbour of the same class whose distance is measured")
    least_range: float = Field(
        0.05, ge=0, lt=1, description="a real-valued dimension is active above this share of the largest range"
    )


class MCCConfig(MetricConfig):
    """Settings of the mean correlation coefficient.

    Protocols: `pearson`, of the values, and `spearman`, of their ranks, both with the best assignment.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "pearson": {"num_train": 10_000, "correlation": "pearson"},
        "spearman": {"num_train": 10_000, "correlation": "spearman"},
    }

    num_train: int = Field(10_000, ge=2, description="images for the correlations")
    correlation: Literal["pearson", "spearman"] = Field("pearson", description="of the values, or of their ranks")


class R2Config(MetricConfig):
    """Settings of R squared.

    Protocols: `zimmermann`, on as many fresh images as were fitted to (Zimmermann et al., 2021, 3DIdent); `hsu`, on the
    images fitted to (Hsu et al., 2023, explicitness by regression).
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "zimmermann": {"num_train": 10_000, "num_test": 10_000},
        "hsu": {"num_train": 10_000, "num_test": None},
    }

    num_train: int = Field(10_000, ge=2, description="training images of the linear map")
    num_test: int | None = Field(10_000, ge=2, description="fresh test images; none: the training images")


class DCIRegressionConfig(MetricConfig):
    """Settings of DCI by regression.

    Protocols, both the paper's (Eastwood & Williams, 2018) on as many images as `dci` takes: `lasso`, with the authors'
    penalty, and `random-forest`, with their ten trees. They choose a depth for each factor on images held back; 12, the
    largest of them, is our choice.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "lasso": {"num_train": 10_000, "num_test": 5_000, "predictor": "lasso", "penalty": 0.02},
        "random-forest": {
            "num_train": 10_000,
            "num_test": 5_000,
            "predictor": "random-forest",
            "trees": 10,
            "depth": 12,
        },
    }

    num_train: int = Field(10_000, ge=2, description="training images of the regressors")
    num_test: int = Field(5_000, ge=2, description="fresh test images")
    predictor: Literal["lasso", "random-forest"] = Field("lasso", description="predictor of a factor from the code")
    penalty: float = Field(0.02, gt=0, description="lasso: weight of the summed absolute weights")
    trees: int = Field(10, ge=1, description="random-forest: trees per factor")
    depth: int = Field(12, ge=1, description="random-forest: splits between a tree's root and a leaf")


class DCIESConfig(MetricConfig):
    """Settings of DCI-ES.

    Protocol: `random-forest`, the paper's forests (Eastwood et al., 2023) with the authors' depths, on as many images
    as `dci` takes.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "random-forest": {
            "num_train": 10_000,
            "num_test": 5_000,
            "trees": 100,
            "depths": (1, 2, 3, 4, 8, 10, 12, 14, 16, 18, 20, 32),
            "categorical": UNORDERED,
        },
    }

    num_train: int = Field(10_000, ge=2, description="training images of the forests")
    num_test: int = Field(5_000, ge=2, description="fresh test images")
    trees: int = Field(100, ge=1, description="trees per forest")
    depths: tuple[Annotated[int, Bounds(ge=1)], ...] = Field(
        (1, 2, 3, 4, 8, 10, 12, 14, 16, 18, 20, 32),
        min_length=2,
        description="capacities of the forests, ascending: splits between a tree's root and a leaf",
    )
    categorical: tuple[str, ...] = Field(
        UNORDERED, description="names of the factors predicted as classes; all others are predicted as real numbers"
    )

    @field_validator("depths", "categorical", mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        """Numbers or names joined by commas, as they are typed."""
        return value.split(",") if isinstance(value, str) else value

    @field_validator("depths")
    @classmethod
    def _ascending(cls, depths: tuple[int, ...]) -> tuple[int, ...]:
        if list(depths) != sorted(set(depths)):
            raise ValueError("expected different depths, the least first")
        return depths


class DownstreamConfig(MetricConfig):
    """Settings of the downstream task.

    Protocols, all of disentanglement_lib (Locatello et al., 2019): `logistic-regression`, with a cross-validated
    penalty, under today's scikit-learn; `dlib-2019`, the same under the scikit-learn that its study ran with, one class
    against the others; `boosted-trees`, scikit-learn's default ones.
    """

    protocols: ClassVar[Mapping[str, Values]] = {
        "logistic-regression": {
            "predictor": "logistic-regression",
            "train_sizes": (10, 100, 1_000, 10_000),
            "num_test": 5_000,
            "strengths": 10,
            "folds": 5,
        },
        "dlib-2019": {
            "predictor": "one-vs-rest",
            "train_sizes": (10, 100, 1_000, 10_000),
            "num_test": 5_000,
            "strengths": 10,
            "folds": 5,
        },
        "boosted-trees": {
            "predictor": "boosted-trees",
            "train_sizes": (10, 100, 1_000, 10_000),
            "num_test": 5_000,
            "stages": 100,
            "depth": 3,
            "learning_rate": 0.1,
        },
    }

    predictor: Literal["logistic-regression", "one-vs-rest", "boosted-trees"] = Field(
        "logistic-regression", description="predictor of each factor from the code"
    )
    train_sizes: tuple[Annotated[int, Bounds(ge=2)], ...] = Field(
        (10, 100, 1_000, 10_000), min_length=1, description="numbers of training images, one task each"
    )
    num_test: int = Field(5_000, ge=2, description="fresh test images per task")
    strengths: int = Field(10, ge=1, description="logistic regression: inverse penalties tried, from 1e-4 to 1e4")
    folds: int = Field(5, ge=2, description="logistic regression: parts of the training images to cross-validate over")
    stages: int = Field(100, ge=1, description="boosted trees: boosting stages, each of one tree per class")
    depth: int = Field(3, ge=1, le=16, description="boosted trees: splits between a tree's root and a leaf")
    learning_rate: float = Field(0.1, gt=0, le=1, description="boosted trees: factor on the prediction of each tree")

    @field_validator("train_sizes", mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        """Numbers joined by commas, as they are typed."""
        return value.split(",") if isinstance(value, str) else value
