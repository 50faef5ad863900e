import json
import re
from typing import ClassVar, Literal

import pytest

from disentangle_eval.config import (
    Config,
    Field,
    MetricConfig,
    ModelConfig,
    Presets,
    build,
    defaults,
    flat,
    preset_dataset,
    preset_values,
    resolve,
    settings_of,
    shortened,
)
from disentangle_eval.errors import UsageError


class Toy(ModelConfig):
    presets: ClassVar[Presets] = {
        "reference": {"dsprites": {"beta": 2.0, "iterations": 10}, "*": {"beta": 3.0}},
        "paper": {"dsprites": {"beta": 4.0}},
    }

    beta: float = Field(1.0, ge=0, description="weight of the rate")
    kind: Literal["one", "two"] = Field("one", description="which of the two")


class Plain(ModelConfig):
    pass


@pytest.mark.parametrize(
    ("dataset", "preset", "typed", "beta", "iterations"),
    [
        ("dsprites", None, {}, 2.0, 10),
        ("dsprites", None, {"beta": 9}, 9.0, 10),
        ("chairs3d", None, {}, 3.0, 100_000),
        ("chairs3d", "reference", {}, 3.0, 100_000),
        ("dsprites", "paper", {}, 4.0, 100_000),
        ("dsprites", "paper", {"beta": 9, "iterations": 5}, 9.0, 5),
    ],
)
def test_typed_values_win_over_the_preset_and_the_preset_over_defaults(dataset, preset, typed, beta, iterations):
    cfg = resolve(Toy, dataset, preset, typed)
    assert (cfg.beta, cfg.iterations, cfg.batch_size) == (beta, iterations, 64)


def test_a_preset_that_is_absent_is_named_with_those_there_are():
    with pytest.raises(UsageError, match=r"preset: received 'papr', expected one of: paper, reference"):
        resolve(Toy, "dsprites", "papr", {})
    with pytest.raises(UsageError, match=r"preset 'paper' has no values for .*'celeba', expected one of: dsprites"):
        resolve(Toy, "celeba", "paper", {})
    with pytest.raises(UsageError, match=r"expected one of: none"):
        resolve(Plain, "dsprites", "paper", {})


class Scheduled(ModelConfig):
    lr: float = Field(1e-4, gt=0, description="learning rate")
    lr_discriminator: float = Field(2e-6, gt=0, description="learning rate of D")
    noise_iterations: int = Field(1001, ge=1, description="length of the noise")
    beta: float = Field(4.0, description="a weight")


def test_a_shortened_schedule_raises_all_learning_rates_and_divides_all_iterations():
    cfg = shortened(build(Scheduled, {}), 4)
    assert (cfg.lr, cfg.lr_discriminator) == (4e-4, 8e-6)
    assert (cfg.iterations, cfg.noise_iterations, cfg.batch_size, cfg.beta) == (25_000, 250, 64, 4.0)
    assert shortened(build(Scheduled, {}), 1) == build(Scheduled, {})
    with pytest.raises(UsageError, match=r"shorten: received 0\.5, expected at least 1"):
        shortened(build(Scheduled, {}), 0.5)


class Coloured(ModelConfig):
    presets: ClassVar[Presets] = {
        "reference": {"chairs3d": {"batch_size": 32, "dataset": {"channels": 3, "size": 32}}, "*": {}},
        "grey": {"*": {}},
    }


@pytest.mark.parametrize(
    ("dataset", "preset", "opened"),
    [
        ("chairs3d", None, "chairs3d?channels=3&size=32"),
        ("chairs3d", "grey", "chairs3d"),
        ("chairs3d?channels=1", None, "chairs3d?channels=1&size=32"),
        ("chairs3d:my/folder?size=16&channels=1", "reference", "chairs3d:my/folder?size=16&channels=1"),
        ("dsprites", None, "dsprites"),
    ],
)
def test_a_preset_s_settings_of_the_data_set_give_way_to_those_that_are_typed(dataset, preset, opened):
    assert preset_dataset(Coloured, dataset, preset) == opened
    assert "dataset" not in preset_values(Coloured, dataset, preset)
    resolve(Coloured, dataset, preset, {})


def test_a_model_without_presets_takes_its_own_defaults():
    assert preset_values(Plain, "dsprites", None) == {}
    assert resolve(Plain, "dsprites", None, {}).iterations == 100_000


def test_every_fault_is_named_at_once_on_one_line():
    with pytest.raises(UsageError) as caught:
        build(Toy, {"beta": -1, "kind": "three", "batch_size": 2.5, "gama": 1})
    message = str(caught.value)
    assert "beta: received -1, input should be greater than or equal to 0" in message
    assert "kind: received 'three', input should be 'one' or 'two'" in message
    assert "batch_size: received 2.5" in message
    assert "gama: unknown setting, expected one of: batch_size, iterations, beta, kind" in message
    assert "\n" not in message


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_settings_are_finite(value):
    with pytest.raises(UsageError, match="beta"):
        build(Toy, {"beta": value})


def test_settings_never_change():
    cfg = build(Toy, {})
    with pytest.raises(ValueError, match="frozen"):
        cfg.beta = 2.0


def test_settings_survive_json():
    cfg = build(Toy, {"beta": 0.1, "kind": "two"})
    assert Toy.model_validate_json(cfg.model_dump_json()) == cfg


@pytest.mark.parametrize("base", [Config, ModelConfig, MetricConfig])
def test_a_field_without_a_description_is_refused(base):
    with pytest.raises(TypeError, match=r"Silent: no description on beta, gamma; write such as beta: float = Field"):

        class Silent(base):
            beta: float = 1.0
            alpha: float = Field(1.0, description="described")
            gamma: float = Field(1.0)


def test_a_default_out_of_bounds_is_refused():
    class Wrong(Config):
        beta: float = Field(-1.0, ge=0, description="weight")

    with pytest.raises(UsageError, match="beta: received -1"):
        build(Wrong, {})


class Tower(Config):
    hidden: tuple[int, ...] = Field((32,), description="units of each hidden layer")
    lr: float = Field(1e-3, gt=0, description="learning rate")


class Towers(ModelConfig):
    presets: ClassVar[Presets] = {"reference": {"*": {}}, "wide": {"*": {"encoder": {"hidden": (64, 64)}}}}

    encoder: Tower = Field(Tower(hidden=(16, 8)), description="layers of the encoder")
    decoder: Tower = Field(Tower(), description="layers of the decoder")


def test_settings_within_settings_have_names_of_their_own():
    assert list(settings_of(Towers))[2:] == ["encoder.hidden", "encoder.lr", "decoder.hidden", "decoder.lr"]
    assert flat({"encoder": {"hidden": (4,)}, "lr": 1}) == {"encoder.hidden": (4,), "lr": 1}
    assert flat(Towers())["encoder.hidden"] == (16, 8)


@pytest.mark.parametrize("changes", [{"encoder.lr": 0.5}, {"encoder": {"lr": 0.5}}])
def test_a_setting_within_leaves_the_others_to_the_preset_and_the_default(changes):
    assert resolve(Towers, "dsprites", None, changes).encoder == Tower(hidden=(16, 8), lr=0.5)
    assert resolve(Towers, "dsprites", "wide", changes).encoder == Tower(hidden=(64, 64), lr=0.5)
    assert resolve(Towers, "dsprites", "wide", changes).decoder == Tower()


def test_settings_within_come_back_from_json_and_are_shortened():
    cfg = build(Towers, {"encoder.hidden": (5, 6, 7), "decoder": Tower(lr=0.25)})
    assert build(Towers, json.loads(json.dumps(cfg.model_dump(mode="json")))) == cfg
    assert shortened(cfg, 2).decoder.lr == 0.5


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"encoder.width": 3}, "encoder.width: unknown setting, expected one of: hidden, lr"),
        ({"encoder": {"lr": -1}}, "encoder.lr: received -1, input should be greater than 0"),
        ({"encoder": 3}, "encoder: received 3, "),
        ({"iterations.lr": 3}, "iterations.lr: unknown setting, "),
    ],
)
def test_a_wrong_setting_within_is_named_in_full(values, problem):
    with pytest.raises(UsageError, match=re.escape(problem)):
        build(Towers, values)


class Optional(ModelConfig):
    presets: ClassVar[Presets] = {"averaged": {"*": {"decay": 0.9}}}

    decay: float | None = Field(None, ge=0, description="a number or nothing")
    pair: tuple[int, int] | None = Field((1, 2), description="two numbers or nothing")
    prune: Literal["none", "kl"] | None = Field("kl", description="a word that is called so itself")
    name: str | None = Field("a", description="a text or nothing")


def test_the_text_none_is_no_value_for_numbers_alone():
    typed = {"decay": "none", "pair": "none", "prune": "none", "name": "none"}
    cfg = resolve(Optional, "dsprites", "averaged", typed)
    assert (cfg.decay, cfg.pair, cfg.prune, cfg.name) == (None, None, "none", "none")
    with pytest.raises(UsageError, match=r"decay: received 'all', .*, or none"):
        build(Optional, {"decay": "all"})
    with pytest.raises(UsageError, match=r"width: received 'none', .*parse string as an integer$"):
        build(Required, {"encoder.lr": 0.5, "width": "none"})


class Required(ModelConfig):
    encoder: Tower = Field(description="layers of the encoder")
    width: int = Field(description="units")


def test_settings_within_that_have_no_default_are_what_is_given():
    cfg = build(Required, {"encoder.lr": 0.5, "width": 3})
    assert cfg.encoder == Tower(lr=0.5)
    assert build(Required, {"encoder": {"hidden": (4,)}}, {"encoder.lr": 0.5, "width": 3}).encoder.hidden == (4,)
    with pytest.raises(UsageError, match="encoder: missing"):
        build(Required, {"width": 3})
    assert set(settings_of(Required)) - set(defaults(Required)) == {"width"}
