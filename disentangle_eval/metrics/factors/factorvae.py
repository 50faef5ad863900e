"""The FactorVAE metric (Kim & Mnih, 2018, "Disentangling by Factorising", section 4).

A vote: fix one factor, look at L images that share it, and find the code dimension that varies least. A code is
disentangled when that dimension identifies the factor that was fixed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import warn
from disentangle_eval.metrics.factors.config import FactorVAEConfig
from disentangle_eval.metrics.toolbox.columns import too_large, variances
from disentangle_eval.metrics.toolbox.labelled_votes import stream_of
from disentangle_eval.metrics.toolbox.permuted_codes import Coded, has_small_classes, permuted_codes
from disentangle_eval.metrics.toolbox.votes import Votes
from disentangle_eval.runtime.draws import stream_seed

_CHUNK = 2**22

# Votes from which the chance of the training accuracy is found.
_UNINFORMED_VOTES = 2_000


class FactorVAEMetric(Metric[FactorVAEConfig]):
    """Scores 1 for a code with a dimension of its own for every factor, and `chance` for an uninformative one.

    Factors of one class are left out. Values: `value`, `train_accuracy`, `eval_accuracy`; `num_active_dims` and
    `active_dims`, the columns that took part; `pruning`, the rule that chose them; `votes`, the training votes by
    code dimension (K rows) and factor (columns named by `factors`); `train_chance` and `eval_chance`, what the
    accuracies of an uninformative code would be. Without an active dimension all of these are 0.

    Columns of classes count as one dimension each and enter with Gini's variance wherever a variance is needed,
    the pruning thresholds included; the latter is our choice.
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        # The reference computes in the precision of the codes, and equal variances differ by rounding alone.
        dtype = None if cfg.stream == "reference" else np.float64
        stream = stream_of(subject, cfg.stream, seed)
        varying = stream.varying
        # The reference draws in this order.
        drawn = stream.images(self._sample_size(subject)) if cfg.scale == "sample" else None
        train = stream.votes(cfg.train_votes, cfg.samples_per_vote)
        fresh = stream.votes(cfg.eval_votes, cfg.samples_per_vote)
        sample = train.index.ravel() if drawn is None else drawn
        scale, active, pruning = self._active(subject, sample, dtype)

        def counted(codes: Coded) -> tuple[np.ndarray, dict[str, float]]:
            """The training votes, and the accuracies."""
            votes, other = (vote_matrix(codes, some, varying, scale, active, dtype) for some in (train, fresh))
            factor_of = majority_vote_classifier(votes)
            return votes, {"train": accuracy(factor_of, votes), "eval": accuracy(factor_of, other)}

        train_votes, accuracies = counted(subject)
        if active.size and (cfg.stream == "labelled" or has_small_classes(subject.grid)):
            permuted = [counted(one)[1] for one in permuted_codes(subject, stream_seed(seed, "factorvae", "chance"))]
            chances = {name: float(np.mean([one[name] for one in permuted])) for name in accuracies}
        else:
            wins = uninformed_wins(subject, train, scale, active, dtype, seed)
            in_turn = cfg.stream == "in-turn"
            of_fresh = 1 / len(varying) if active.size else 0.0
            chances = {"train": train_chance(wins, len(varying), cfg.train_votes, in_turn), "eval": of_fresh}
        values = {
            "value": accuracies[cfg.reported],
            "train_accuracy": accuracies["train"],
            "eval_accuracy": accuracies["eval"],
            "train_chance": chances["train"],
            "eval_chance": chances["eval"],
            "num_active_dims": len(active),
            "active_dims": active.tolist(),
            "pruning": pruning,
            "factors": [subject.factors.names[factor] for factor in varying],
            "votes": train_votes.tolist(),
        }
        counts = {"train_votes": len(train.fixed), "eval_votes": len(fresh.fixed)}
        if cfg.scale == "sample" and cfg.variance_share is None:
            counts["variance_samples"] = len(sample)
        return Scores(values, chance=chances[cfg.reported], counts=counts)

    def _sample_size(self, subject: Subject) -> int:
        share = self.cfg.variance_share
        return self.cfg.variance_samples if share is None else max(2, round(share * len(subject)))

    def _active(self, subject: Subject, sample: np.ndarray, dtype: type | None) -> tuple[np.ndarray, np.ndarray, str]:
        """The variance of each column over the images of a sample (K,), the columns that vote (A,), and the rule that
        pruned others, in words.
        """
        codes = subject.codes(sample)
        with np.errstate(over="ignore"):
            scale = variances(codes, subject.code, dtype)
        if not np.isfinite(scale).all():
            raise too_large(codes)
        alive = (codes.min(axis=0) < codes.max(axis=0)) & (scale > 0)
        kept, pruning = self._kept(scale, subject, sample)
        active = np.flatnonzero(alive & kept)
        if not active.size:
            advice = "--set prune=none keeps every dimension that varies" if alive.any() else "the code is constant"
            found = f"factorvae: no dimension is active ({pruning}), so the score is 0; {advice}"
            warn(found)
        return scale, active, pruning

    def _kept(self, scale: np.ndarray, subject: Subject, sample: np.ndarray) -> tuple[np.ndarray, str]:
        """Which columns pass the threshold (K,), and the rule in words."""
        threshold = self.cfg.threshold
        if self.cfg.prune == "none":
            return np.ones(len(scale), dtype=bool), "constant only"
        if self.cfg.prune == "std":
            return np.sqrt(scale) >= threshold, f"std < {threshold:g}"
        if self.cfg.prune == "variance":
            return scale >= threshold, f"variance < {threshold:g}"
        # Only posteriors need torch.
        from disentangle_eval.metrics.toolbox.posteriors import mean_posterior_kl, not_seen_to_collapse

        divergence = mean_posterior_kl(subject, np.unique(sample))
        if divergence is None and (kept := not_seen_to_collapse(subject, np.unique(sample), threshold)) is not None:
            return kept, f"half the variance of the codes < {0.1 * threshold:g}: no log_variance"
        if divergence is None:
            return np.ones(len(scale), dtype=bool), "constant only: no normal posterior over the code"
        return divergence >= threshold, f"posterior KL < {threshold:g} nats"


def vote_matrix(
    subject: Coded,
    votes: Votes,
    varying: np.ndarray,
    scale: np.ndarray,
    active: np.ndarray,
    dtype: type | None = None,
) -> np.ndarray:
    """How often each code dimension varied least, by the factor of `varying` (V,) that was fixed: (K, V), int64.

    A vote goes to the dimension of `active` whose variance over the vote's images, divided by `scale` (K,), is least.
    """
    columns = len(subject.code)
    if not active.size:
        return np.zeros((columns, len(varying)), dtype=np.int64)
    ratios = vote_variances(subject, votes.index, dtype)[:, active] / scale[active]
    dimension = active[ratios.argmin(axis=1)]
    cell = dimension * len(varying) + np.searchsorted(varying, votes.fixed)
    return np.bincount(cell, minlength=columns * len(varying)).reshape(columns, len(varying))


def vote_variances(subject: Coded, index: np.ndarray, dtype: type | None = None) -> np.ndarray:
    """The variance of each code dimension over the images of each vote: (M, L) image indices -> (M, K)."""
    chunks = [variances(subject.codes(rows), subject.code, dtype) for rows in _chunks(index, len(subject.code))]
    return np.concatenate(chunks)


def majority_vote_classifier(votes: np.ndarray) -> np.ndarray:
    """Votes (K, F) -> the factor of each dimension (K,): the one for which it was chosen most often."""
    factor_of: np.ndarray = votes.argmax(axis=1)
    return factor_of


def accuracy(factor_of: np.ndarray, votes: np.ndarray) -> float:
    """The share of votes (K, F) whose fixed factor is that of their dimension; 0 without any votes."""
    right = votes[np.arange(len(votes)), factor_of].sum()
    return float(right / max(1, votes.sum()))


def uninformed_wins(
    subject: Subject, votes: Votes, scale: np.ndarray, active: np.ndarray, dtype: type | None, seed: int
) -> np.ndarray:
    """The share of votes that each of `active` wins where the code has nothing to do with the images, (A,).

    The votes' images are permuted among all votes, at most `_UNINFORMED_VOTES` of these, so that no factor is shared.
    Dimensions do not win equally often: one with heavy tails varies little over most sets of images.
    """
    if not active.size:
        return np.zeros(0)
    rows = votes.index[:_UNINFORMED_VOTES]
    images = np.random.default_rng(stream_seed(seed, "factorvae", "chance")).permutation(rows.ravel())
    ratios = vote_variances(subject, images.reshape(rows.shape), dtype)[:, active] / scale[active]
    return np.bincount(ratios.argmin(axis=1), minlength=active.size) / len(rows)


def train_chance(wins: np.ndarray, factors: int, votes: int, in_turn: bool = False, repeats: int = 1000) -> float:
    """The mean training accuracy of an uninformative code whose dimensions win these shares (A,), by simulation.

    Factors are fixed at random or `in_turn`. Training votes are counted by the classifier they made, so this is above
    1 / factors, but for a single dimension in turn; 0 without any dimensions.
    """
    dims = len(wins)
    if dims == 0:
        return 0.0
    random = np.random.default_rng(0)
    if in_turn:
        of_factor = np.bincount(np.arange(votes) % factors, minlength=factors)
        drawn = np.stack([random.multinomial(count, wins, size=repeats) for count in of_factor], axis=2)
    else:
        cells = np.repeat(wins / factors, factors)
        drawn = random.multinomial(votes, cells, size=repeats).reshape(repeats, dims, factors)
    return float(drawn.max(axis=2).sum(axis=1).mean() / votes)


def _chunks(index: np.ndarray, columns: int) -> Iterator[np.ndarray]:
    rows = max(1, _CHUNK // (index.shape[1] * columns))
    for start in range(0, len(index), rows):
        yield index[start : start + rows]
