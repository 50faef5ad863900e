"""InfoMEC: modularity, compactness and explicitness in units of information (Hsu, Dorrell, Whittington, Wu & Finn,
2023, "Disentanglement via Latent Quantization", section 4).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.errors import DevalError
from disentangle_eval.latents import CodeDimension, is_categorical
from disentangle_eval.metrics.factors.config import InfoMECConfig
from disentangle_eval.metrics.factors.mig_knn import class_information
from disentangle_eval.metrics.toolbox.columns import one_hot_blocks, varies
from disentangle_eval.metrics.toolbox.mutual_information import entropy
from disentangle_eval.metrics.toolbox.samples import draw_different_images, permutations_of, samples_of, varying_columns
from disentangle_eval.runtime.draws import stream_seed
from disentangle_eval.runtime.threads import pool_threads


class InfoMECMetric(Metric[InfoMECConfig]):
    """InfoM, the headline, is 1 where every active dimension knows of one factor alone; InfoC is 1 where every factor
    is known by one active dimension alone; InfoE is 1 where a linear model is certain of every class, 0 where it
    guesses.

    A dimension of real numbers is active where its range exceeds a share of the widest one's, a column of classes where
    it is not constant. Factors that do not vary are left out. A dimension, or a factor, without any information counts
    0, as does every score without an active dimension. InfoE is that of the images fitted to, above 0 for an
    uninformative code of few images. Values: `value` and `modularity`, the same; `compactness`; `explicitness`;
    `active_dims`; `dimension_modularity`, of each of them, and `factor_compactness` and `factor_explicitness`, of each
    factor, named in `factors`; `converged`, whether the solver met its tolerance within its iterations, for each;
    `normalised_information`, relative to the factor's entropy (K rows, a column per factor).
    """

    def score(self, subject: Subject, seed: int) -> Scores:
        cfg = self.cfg
        samples = samples_of(subject, draw_different_images(subject, seed, cfg.num_train))
        varying = varying_columns(samples.factors)
        factors = samples.factors[:, varying]
        codes = samples.codes.astype(np.float64)
        noise = stream_seed(seed, "neighbours")
        entropies = entropy(factors)
        active = active_dimensions(codes, subject.code, cfg.least_range)
        information = class_information(codes, subject.code, factors, cfg.neighbours, noise) / entropies
        modularities, compactnesses = concentration(information[active]), concentration(information[active].T)
        explicitnesses, converged = explicitness(codes, subject.code, factors)
        values = {
            "value": _mean(modularities),
            "modularity": _mean(modularities),
            "compactness": _mean(compactnesses),
            "explicitness": float(np.mean(explicitnesses)),
            "active_dims": active.tolist(),
            "dimension_modularity": modularities.tolist(),
            "factors": [subject.factors.names[factor] for factor in varying],
            "factor_compactness": compactnesses.tolist(),
            "factor_explicitness": explicitnesses,
            "converged": converged,
            "normalised_information": information.tolist(),
        }
        code = [subject.code[j] for j in active]
        permuted = []
        for shuffled in permutations_of(factors, samples.images, seed):
            known = class_information(codes[:, active], code, shuffled, cfg.neighbours, noise)
            permuted.append(_mean(concentration(known / entropies)))
        return Scores(values, float(np.mean(permuted)), counts={"num_train": len(samples)})


def active_dimensions(codes: np.ndarray, code: Sequence[CodeDimension], least_range: float) -> np.ndarray:
    """Codes (N, K) -> real columns whose range is above a share of the widest one's, and classes that vary, (A,)."""
    ranges = codes.max(axis=0) - codes.min(axis=0)
    counted = np.array(is_categorical(code))
    widest = ranges[~counted].max(initial=0)
    return np.flatnonzero(np.where(counted, ranges > 0, ranges > least_range * widest))


def concentration(information: np.ndarray) -> np.ndarray:
    """Information (R, C), at least 0 -> for each row the share of its largest entry, from 0 for 1 / C to 1, (R,).

    1 where there is one column alone; 0 for a row of zeros.
    """
    total = information.sum(axis=1)
    columns = information.shape[1]
    if columns < 2:
        alone: np.ndarray = (total > 0).astype(np.float64)
        return alone
    share = np.divide(information.max(axis=1), total, out=np.full(len(total), 1 / columns), where=total > 0)
    concentrated: np.ndarray = (share - 1 / columns) / (1 - 1 / columns)
    return concentrated


def explicitness(
    codes: np.ndarray, code: Sequence[CodeDimension], factors: np.ndarray
) -> tuple[list[float], list[bool]]:
    """How much of ln(classes) an unpenalised logistic regression on codes (N, K) explains of each factor of (N, F).

    1 less its cross entropy over that of a guess, on the images fitted to, and whether the solver converged. Columns
    of classes enter as one-hot columns, real numbers standardised; every class has the same weight in the fit.
    """
    columns = _standardised(codes, code)
    if not columns.shape[1]:
        return [0.0] * factors.shape[1], [True] * factors.shape[1]
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        # The authors leave the solver its hundred iterations, whether or not it converges; the result says so.
        warnings.simplefilter("ignore", ConvergenceWarning)
        pairs = Parallel(n_jobs=pool_threads(), prefer="threads")(
            delayed(_explained)(columns, column) for column in factors.T
        )
    return [explained for explained, _ in pairs], [converged for _, converged in pairs]


def _standardised(codes: np.ndarray, code: Sequence[CodeDimension]) -> np.ndarray:
    varied = varies(codes)
    kept = [dimension for dimension, varying in zip(code, varied, strict=True) if varying]
    scaled = [
        block if categorical else (block - block.mean(axis=0)) / block.std(axis=0)
        for block, categorical in zip(one_hot_blocks(codes[:, varied], kept), is_categorical(kept), strict=True)
    ]
    return np.hstack(scaled) if scaled else np.empty((len(codes), 0))


def _explained(columns: np.ndarray, factor: np.ndarray) -> tuple[float, bool]:
    model = LogisticRegression(C=np.inf, class_weight="balanced", tol=1e-4, max_iter=100)
    model.fit(columns, factor)
    # The guess is what the same fit makes of a constant code: with equal weights, every class alike.
    guess = np.log(len(model.classes_))
    cross_entropy = log_loss(factor, model.predict_proba(columns), labels=model.classes_)
    if not np.isfinite(cross_entropy):
        raise DevalError("codes", received="numbers for which a logistic regression overflows", expected="smaller ones")
    return float(1 - cross_entropy / guess), bool(model.n_iter_.max() < model.max_iter)


def _mean(scores: np.ndarray) -> float:
    return float(scores.mean()) if scores.size else 0.0
