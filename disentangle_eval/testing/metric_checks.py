"""The promises of a metric, one function each, in the order they are checked."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np

import disentangle_eval
from disentangle_eval.api import Metric, Scores, Subject
from disentangle_eval.config import MetricConfig, build
from disentangle_eval.errors import DevalError, DevalWarning, PluginError
from disentangle_eval.registry.lookup import Registered, Registry
from disentangle_eval.registry.specs import MetricSpec
from disentangle_eval.results import plain
from disentangle_eval.runtime.global_randomness import borrowed_globals
from disentangle_eval.testing.candidate import Check
from disentangle_eval.testing.checks.config import check_settings
from disentangle_eval.testing.checks.registration import check_registration_imports_no_torch
from disentangle_eval.testing.failure import ConformanceFailure, NotChecked, explained, place_of
from disentangle_eval.testing.known_subject import Codes, known_subject
from disentangle_eval.testing.verdict import rests_on

SEED = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class MetricCandidate:
    """A registered metric, the entry point it came by, its protocol (by default the first) and settings that differ."""

    registered: Registered[MetricSpec]
    entry: str
    protocol: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    verdicts: dict[Check, ConformanceFailure | NotChecked | None] = field(default_factory=dict, repr=False)

    def config(self) -> type[MetricConfig]:
        """The class of its settings; raises `DevalError` where that cannot be imported."""
        config: type[MetricConfig] = Registry.resolve(self.registered, "config")
        return config

    def metric(self) -> Metric[Any]:
        """The metric under its protocol; lets through what the plugin raises."""
        config = self.config()
        values = config.protocols[self.protocol or next(iter(config.protocols))]
        metric: Metric[Any] = Registry.resolve(self.registered)(build(config, values, self.values))
        return metric

    def needs(self) -> frozenset[str]:
        """What it needs of a subject under these settings."""
        needs: frozenset[str] = self.metric().cfg.needed(self.registered.spec.needs)
        return needs

    def subject(self, codes: Codes = "informative") -> Subject:
        """A small subject that offers it all."""
        return known_subject(self.needs(), codes)


def check_protocols(candidate: MetricCandidate) -> None:
    """At least one named protocol; all build, survive JSON and refuse unknown settings.

    No setting has the name of an argument of `de.score`.
    """
    check = "protocols"
    with explained(check, f"correct what {candidate.registered.spec.config!r} names"):
        config = candidate.config()
    if not (inspect.isclass(config) and issubclass(config, MetricConfig)):
        raise ConformanceFailure(
            check, f"{config!r}", "a subclass of MetricConfig", "derive the settings from MetricConfig"
        )
    if not isinstance(config.protocols, Mapping) or not config.protocols:
        raise ConformanceFailure(
            check,
            f"protocols = {config.protocols!r} in {config.__name__}",
            "at least one named protocol, the default first",
            'write protocols: ClassVar = {"standard": {...}} with every number that enters the score',
        )
    variants = []
    for name, values in config.protocols.items():
        with explained(check, f"let protocol {name!r} hold only fields of the settings, within their bounds"):
            variants.append((f"protocol {name!r}", build(config, values)))
    check_settings(check, config, variants)
    for name in config.model_fields:
        if name in arguments_of_score():
            raise ConformanceFailure(
                check, f"setting {name!r}", "names that `de.score` has no argument of", "rename it"
            )


def check_scores(candidate: MetricCandidate) -> None:
    """`score` returns `Scores` of plain finite numbers, texts and lists; the headline is there and a number."""
    rests_on(candidate, check_protocols)
    _scored("scores", candidate, "informative")


def check_same_seed(candidate: MetricCandidate) -> None:
    """The same seed gives the same scores to the last bit."""
    rests_on(candidate, check_scores)
    first, again = (_scored("same_seed", candidate, "informative") for _ in range(2))
    if first != again:
        differing = ", ".join(repr(name) for name in first if first[name] != again.get(name))
        raise ConformanceFailure(
            "same_seed",
            f"two scores of one seed that differ in {differing}{place_of(candidate.metric().score)}",
            "equal scores",
            "draw everything from np.random.default_rng(seed); keep nothing between calls; pass random_state=seed",
        )


def check_no_global_randomness(candidate: MetricCandidate) -> None:
    """Scoring leaves the global generators of torch, numpy and Python alone."""
    rests_on(candidate, check_scores)
    metric, subject = candidate.metric(), candidate.subject()
    with borrowed_globals(seed=20260214) as before:
        _score(metric, subject)
        moved = before.moved()
    if moved:
        raise ConformanceFailure(
            "no_global_randomness",
            f"score used {' and '.join(moved)}{place_of(metric.score)}",
            "draws that follow from the seed",
            "use np.random.default_rng(seed), torch.Generator().manual_seed(seed) and random_state=seed",
        )


def check_subject_unchanged(candidate: MetricCandidate) -> None:
    """Scoring changes no code: the next metric sees the same table."""
    rests_on(candidate, check_scores)
    if "encoder" not in candidate.needs():
        raise NotChecked("the metric reads no codes")
    subject = candidate.subject()
    index = np.arange(len(subject))
    before = subject.codes(index).copy()
    _score(candidate.metric(), subject)
    if not np.array_equal(before, subject.codes(index)):
        raise ConformanceFailure(
            "subject_unchanged",
            "other codes after the score",
            "the codes as they were",
            "copy what is changed in place",
        )


def check_uninformative_codes(candidate: MetricCandidate) -> None:
    """Codes with a dead column, constant codes and codes of classes get finite scores, or a `DevalError`."""
    rests_on(candidate, check_scores)
    if "encoder" not in candidate.needs():
        raise NotChecked("the metric reads no codes")
    for codes in get_args(Codes)[1:]:
        try:
            _scored("uninformative_codes", candidate, codes)
        except NotChecked:
            continue  # refused in words


METRIC_CHECKS: tuple[Check, ...] = (
    check_registration_imports_no_torch,
    check_protocols,
    check_scores,
    check_same_seed,
    check_no_global_randomness,
    check_subject_unchanged,
    check_uninformative_codes,
)


def arguments_of_score() -> frozenset[str]:
    """The names of the arguments of `de.score`, which a setting of the same name would never receive."""
    arguments = inspect.signature(disentangle_eval.score).parameters.values()
    return frozenset(argument.name for argument in arguments if argument.kind is argument.KEYWORD_ONLY)


def _score(metric: Metric[Any], subject: Subject) -> Scores:
    """A score without the warnings of the metric, which on subjects so small say nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DevalWarning)
        return metric.score(subject, SEED)


def _scored(check: str, candidate: MetricCandidate, codes: Codes) -> dict[str, Any]:
    """The values, chance and counts of a score as plain data; `NotChecked` where the metric refuses the subject."""
    with explained(check, "correct that line"):
        metric = candidate.metric()
    if not isinstance(metric, Metric):
        raise ConformanceFailure(
            check, type(metric).__name__, "a disentangle_eval.api.Metric", "derive the class from Metric"
        )
    subject, place = candidate.subject(codes), place_of(metric.score)
    try:
        with explained(check, f"correct that line; the codes are {codes}"):
            scores = _score(metric, subject)
    except ConformanceFailure as failure:
        if isinstance(failure.__cause__, DevalError) and not isinstance(failure.__cause__, PluginError):
            raise NotChecked(f"the metric refuses the subject: {failure.__cause__}") from None
        raise
    if not isinstance(scores, Scores):
        raise ConformanceFailure(
            check, f"{type(scores).__name__} from score{place}", "Scores", 'return Scores({"value": ...}, chance=...)'
        )
    found = {}
    for name, value in {**scores.values, "chance": scores.chance, "counts": scores.counts}.items():
        try:
            found[name] = plain(value, f"{name!r}")
        except ValueError as error:
            raise ConformanceFailure(
                check,
                f"{error} in the scores of {codes} codes{place}",
                "plain finite numbers, texts and lists",
                "look for division by a variance or a sum that is 0; leave out what has no value",
            ) from None
    headline = found.get(candidate.registered.spec.headline)
    if not isinstance(headline, (int, float)) or isinstance(headline, bool):
        raise ConformanceFailure(
            check,
            f"{headline!r} as the headline {candidate.registered.spec.headline!r}{place}",
            "a number under the name that the spec's `headline` says",
            "return it in Scores, or correct the spec",
        )
    return found
