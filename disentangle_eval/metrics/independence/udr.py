"""Unsupervised disentanglement ranking, UDR (Duan et al., 2020, "Unsupervised Model Selection for Variational
Disentangled Representation Learning").

Disentangled codes of the same data are alike up to order, sign and dimensions left out; entangled ones are entangled
each in its own way. So a code is compared with those of other training runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import UsageError
from disentangle_eval.metrics.independence.alignment import aligned_images
from disentangle_eval.metrics.independence.config import UDRConfig
from disentangle_eval.metrics.toolbox.columns import one_hot_blocks, varies
from disentangle_eval.metrics.toolbox.posteriors import mean_posterior_kl, not_seen_to_collapse
from disentangle_eval.metrics.toolbox.samples import random_images


class UDRMetric(Metric[UDRConfig]):
    """The median, over the peers, of how nearly each dimension of one code matches one dimension of the other.

    Values: `value`; `pairwise`, the score with each peer, in their order; `informative_dims` and
    `num_informative_dims`, the columns that took part, and `peer_informative_dims`, how many did of each peer;
    `pruning` and `peer_pruning`, the rule that chose them. `chance` is the score with the peers' codes shuffled over
    the images. A pair of which one has no informative dimension scores 0.

    Tables are compared row by row, or combination by combination of their factors: see `aligned_images`. UsageError
    without peers, or with peers on other images.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        peers = list(subject.peers)
        check_peers(subject, peers)
        index = random_images(len(subject), self.cfg.num_images, seed)
        images, *peer_images = (same[index] for same in aligned_images([subject, *peers]))
        own = self._informative(subject, images)
        others = [self._informative(peer, same) for peer, same in zip(peers, peer_images, strict=True)]
        shuffled = np.random.default_rng(seed).permutation(len(index))
        pairwise = [self._score(other, own) for other in others]
        unrelated = [self._score(other.of(shuffled), own) for other in others]
        values = {
            "value": float(np.median(pairwise)),
            "pairwise": pairwise,
            "informative_dims": own.dims,
            "num_informative_dims": len(own.dims),
            "peer_informative_dims": [len(other.dims) for other in others],
            "pruning": own.pruning,
            "peer_pruning": [other.pruning for other in others],
        }
        return Scores(values, float(np.median(unrelated)), counts={"num_images": len(index)})

    def _score(self, peer: Informative, own: Informative) -> float:
        if not (peer.dims and own.dims):
            return 0.0
        strengths = self._similarity()(peer.columns, own.columns)
        return relative_strength(largest_of_blocks(strengths, peer.starts, own.starts))

    def _similarity(self) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        if self.cfg.similarity == "spearman":
            return rank_correlations
        return lambda a, b: lasso_coefficients(a, b, self.cfg.alpha)

    def _informative(self, subject: Subject, index: np.ndarray) -> Informative:
        """What takes part of a code: columns that vary, and where that is known have not collapsed to the prior."""
        codes = subject.codes(index).astype(np.float64)
        kept = varies(codes)
        divergence = mean_posterior_kl(subject, index)
        pruning = "constant only: no normal posterior over the code"
        if divergence is not None:
            kept &= divergence > self.cfg.threshold
            pruning = f"posterior KL <= {self.cfg.threshold:g} nats"
        elif (seen := not_seen_to_collapse(subject, index, self.cfg.threshold)) is not None:
            kept &= seen
            pruning = f"half the variance of the codes < {0.1 * self.cfg.threshold:g}: no log_variance"
        dims = np.flatnonzero(kept).tolist()
        blocks = [block[:, varies(block)] for block in one_hot_blocks(codes[:, dims], [subject.code[j] for j in dims])]
        starts = np.cumsum([0, *(block.shape[1] for block in blocks)])[:-1]
        columns = np.concatenate(blocks, axis=1) if blocks else np.empty((len(index), 0))
        return Informative(dims, standardised(columns), starts, pruning)


@dataclass(frozen=True)
class Informative:
    """The informative dimensions of a code, `columns` (N, C) of mean 0 and variance 1.

    Dimension `dims[i]` has the columns from `starts[i]` on: one, or one per class if it is categorical.
    """

    dims: list[int]
    columns: np.ndarray
    starts: np.ndarray
    pruning: str

    def of(self, images: np.ndarray) -> Informative:
        """The same of other rows."""
        return Informative(self.dims, self.columns[images], self.starts, self.pruning)


def check_peers(subject: Subject, peers: Sequence[Subject]) -> None:
    """UsageError unless there are peers, on the images of the subject as far as is known."""
    if not peers:
        raise UsageError("udr", received="no peers", expected="other models: deval score --metric udr RUN RUN ...")
    for peer in peers:
        if len(peer) != len(subject):
            raise UsageError(
                "udr", received=f"codes of {len(subject)} and of {len(peer)} images", expected="the same ones"
            )
        if "images" in subject.offered & peer.offered and subject.data.sha256 != peer.data.sha256:
            raise UsageError(
                "udr",
                received=f"models on {subject.data.name!r} and on {peer.data.name!r}, or different copies of it",
                expected="one data set",
                advice="choose it with --dataset",
            )


def lasso_coefficients(a: np.ndarray, b: np.ndarray, alpha: float) -> np.ndarray:
    """Standardised columns (N, A) and (N, B) -> |coefficients| of the lasso from all of `a` to each of `b`, (A, B)."""
    from sklearn.linear_model import Lasso

    coefficients = Lasso(alpha=alpha).fit(a, b).coef_
    result: np.ndarray = np.abs(coefficients.reshape(b.shape[1], a.shape[1]).T)
    return result


def rank_correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Columns (N, A) and (N, B) without constant ones -> |Spearman's rank correlation| of each pair, (A, B)."""
    result: np.ndarray = np.abs(standardised(rankdata(a, axis=0)).T @ standardised(rankdata(b, axis=0)) / len(a))
    return result


def largest_of_blocks(strengths: np.ndarray, a_starts: np.ndarray, b_starts: np.ndarray) -> np.ndarray:
    """Strengths of columns (A, B) -> of dimensions: the largest among the columns of the two."""
    rows = np.maximum.reduceat(strengths, a_starts, axis=0)
    result: np.ndarray = np.maximum.reduceat(rows, b_starts, axis=1)
    return result


def relative_strength(strengths: np.ndarray) -> float:
    """How nearly (A, B) is a one-to-one matching: the mean of max^2 / sum over its columns and that over its rows.

    1 for a permutation matrix, 0 for zeros; a row or column of zeros counts as 0.
    """
    means = []
    for axis in (0, 1):
        total = strengths.sum(axis=axis)
        largest = strengths.max(axis=axis) ** 2
        means.append(np.divide(largest, total, out=np.zeros_like(total), where=total > 0).mean())
    return float(np.mean(means))


def standardised(columns: np.ndarray) -> np.ndarray:
    """Columns (N, C) that vary -> the same with mean 0 and variance 1 over the N."""
    result: np.ndarray = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    return result
