"""A model's settings survive a file, refuse what they do not know and explain themselves."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator

from disentangle_eval.config import Config, ModelConfig, build, resolve
from disentangle_eval.errors import UsageError
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.failure import ConformanceFailure, explained
from disentangle_eval.training.setting_names import unfit_settings

CHECK = "config"
UNKNOWN = "a_setting_nobody_has"


def check_config(candidate: Candidate) -> None:
    """The settings are a `ModelConfig`; defaults and presets build, and come back equal from JSON with every field.

    Unknown keys are refused, settings never change, every field can be an option of `deval train` under a name that no
    other option has, and every field has a description (or the class does not import).
    """
    with explained(CHECK, f"correct what {candidate.registered.spec.config!r} names"):
        config = candidate.config()
    if not (inspect.isclass(config) and issubclass(config, ModelConfig)):
        raise ConformanceFailure(
            CHECK,
            f"{config!r}",
            "a subclass of disentangle_eval.config.ModelConfig",
            "derive the settings from ModelConfig",
        )
    if config.default_preset not in (config.presets or {ModelConfig.default_preset}):
        raise ConformanceFailure(
            CHECK,
            f"default_preset = {config.default_preset!r}, which is none of its presets",
            f"one of: {', '.join(config.presets) or 'no default_preset'}",
            f"correct presets of {config.__name__}, or write its default_preset",
        )
    check_settings(CHECK, config, _variants(config))
    for problem in unfit_settings(config):
        raise ConformanceFailure(
            CHECK, problem, "settings that are options of `deval train`", f"rename or retype it in {config.__name__}"
        )


def check_settings(check: str, config: type[Config], variants: Iterable[tuple[str, Config]]) -> None:
    """Each variant comes back equal from JSON with every field; unknown keys are refused, and settings never change."""
    for label, cfg in variants:
        _round_trip(check, label, cfg)
    _unknown_key(check, config)
    if not config.model_config.get("frozen"):
        raise ConformanceFailure(
            check, f"{config.__name__} that can be changed", "frozen settings", "leave `frozen` as Config sets it"
        )


def _variants(config: type[ModelConfig]) -> Iterator[tuple[str, ModelConfig]]:
    with explained(CHECK, "give every field a default that meets its own bounds"):
        yield "the defaults", build(config, {})
    for preset, by_dataset in config.presets.items():
        for dataset in by_dataset:
            label = f"preset {preset!r} for {dataset!r}"
            with explained(CHECK, f"let {label} hold only fields of the settings, within their bounds"):
                yield label, resolve(config, dataset, preset, {})


def _round_trip(check: str, label: str, cfg: Config) -> None:
    with explained(check, f"let {label} hold what JSON can: numbers but no infinities, text, booleans, lists"):
        values = json.loads(json.dumps(cfg.model_dump(mode="json"), allow_nan=False))
    left_out = set(type(cfg).model_fields) - set(values)
    if left_out:
        raise ConformanceFailure(
            check,
            f"JSON of {label} without {', '.join(sorted(left_out))}",
            "every field, so that a checkpoint restores the same model",
            "leave out `exclude` and custom serialisers that drop fields",
        )
    with explained(check, f"let {label} be read back from their JSON"):
        again = build(type(cfg), values)
    if again != cfg:
        changed = [name for name in values if getattr(again, name) != getattr(cfg, name)]
        raise ConformanceFailure(
            check,
            f"other values of {', '.join(changed)} after {label} went through JSON",
            "equal settings",
            "use types that JSON holds exactly",
        )


def _unknown_key(check: str, config: type[Config]) -> None:
    try:
        build(config, {UNKNOWN: 1})
    except UsageError:
        return
    raise ConformanceFailure(
        check,
        f"{config.__name__} accepted the key {UNKNOWN!r}",
        "unknown keys to be refused, so that a typing mistake is not ignored",
        "leave `extra` as Config sets it",
    )
