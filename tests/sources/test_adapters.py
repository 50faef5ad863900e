"""Foreign models: which of several outputs is the code, what their settings may be, and generators that are none."""

import importlib.machinery
import sys
import types
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import disentangle_eval as de
from disentangle_eval.api import Posterior
from disentangle_eval.errors import DevalError, DevalWarning, UsageError
from disentangle_eval.latents import Categorical, Continuous, Normal, Prior, Uniform
from disentangle_eval.sources.adapters import ForeignEncoder, ForeignGenerator, parse_prior, text_of_prior
from disentangle_eval.sources.checking import check_encoder, check_generator
from disentangle_eval.sources.settings import parse_source, source_settings, with_settings_of_file, written_source

IMAGES = torch.arange(2.0 * 16).reshape(2, 1, 4, 4) / 32
FIRST, SECOND = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[5.0, 6.0], [7.0, 8.0]])


def encoder(found, **settings):
    return ForeignEncoder(lambda x: found, "mine", source_settings(settings))


@pytest.mark.parametrize(
    ("found", "output", "code"),
    [
        ({"a": FIRST, "b": SECOND}, "", FIRST),
        ({"a": FIRST, "b": SECOND}, "b", SECOND),
        ({"a": FIRST, "b": SECOND}, "1", SECOND),
        ([FIRST, SECOND], "", FIRST),
        ((FIRST, SECOND), "1", SECOND),
        (SimpleNamespace(mean=FIRST, std=SECOND), "std", SECOND),
        (FIRST[:, :, None, None], "", FIRST),
        (FIRST.double().numpy(), "", FIRST),
        (FIRST[:, 0], "", FIRST[:, :1]),
    ],
)
def test_the_code_is_the_first_output_or_the_one_that_is_named(found, output, code):
    assert torch.equal(encoder(found, output=output).encode(IMAGES), code)


@pytest.mark.parametrize(
    ("found", "settings", "said"),
    [
        ({"a": FIRST}, {"output": "b"}, "output: received b, expected a or a number from 0 to 0"),
        ([], {}, "mine: received list, expected a tensor or an array"),
        ([FIRST, SECOND], {"output": "2"}, "output: received 2, expected a number from 0 to 1"),
        ([FIRST, SECOND], {"output": "mean"}, "output: received mean, expected a number from 0 to 1"),
        (
            SimpleNamespace(mean=FIRST),
            {"output": "mu"},
            "output: received mu, expected an attribute of SimpleNamespace",
        ),
        (FIRST, {"output": "1"}, "output: received 1, expected none, since there is one output, a tensor"),
        (FIRST, {"classes": 3}, "classes: received 3, expected 2, as the outputs are"),
        ("text", {}, "mine: received str, expected a tensor or an array; .* such as output=mean"),
    ],
)
def test_outputs_that_are_not_there_or_are_no_code_are_refused(found, settings, said):
    with pytest.raises(DevalError, match=said):
        encoder(found, **settings).encode(IMAGES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("enc.pt2?range", "expected SOURCE.setting=value"),
        ("enc.pt2?range=1", "range: received 1, expected two different numbers"),
        ("enc.pt2?mean=1,2", "mean: received 1,2, expected one number or three"),
        ("enc.pt2?std=0", "std: received 0, expected numbers above 0"),
        ("enc.pt2?classes=3&softmax", "classes and softmax: received 2 settings, expected one of them"),
        ("enc.pt2?code_classes=3&log_variance=1", "code_classes and log_variance: received 2 settings"),
        ("enc.pt2?log_variance=0", "log_variance: received 0, expected another output than that of the code"),
        ("gen.pt2?role=generator&prior=normal:2&log_variance=1", "log_variance: received role=generator"),
        (f"enc.pt2?code_classes={2**40}", "code_classes: received 1099511627776"),
        ("enc.pt2?code_classes=3,1", "code_classes: received 3,1, expected 0, or at least 2 classes, per column"),
        ("enc.pt2?role=generator", "prior: received none"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(text, said):
    with pytest.raises(UsageError, match=said):
        parse_source(text)


def test_a_normal_posterior_has_its_log_variance_among_the_outputs():
    made = de.load_model(lambda x: (FIRST, SECOND), log_variance=1)
    assert isinstance(made, Posterior)
    assert not isinstance(encoder((FIRST, SECOND)), Posterior)
    posterior = made.posterior(IMAGES)
    assert torch.equal(posterior.mean, made.encode(IMAGES))
    assert torch.allclose(posterior.variance, SECOND.exp())


@pytest.mark.parametrize(
    ("found", "named", "said"),
    [
        ((FIRST, SECOND[:, :1]), "1", r"log_variance: received shape \(2, 1\), expected \(2, 2\), as the codes"),
        ((FIRST, SECOND), "2", "log_variance: received 2, expected a number from 0 to 1"),
        (FIRST, "1", "log_variance: received 1, expected none, since there is one output, a tensor"),
        (
            {"mu": FIRST, "other": SECOND},
            "mu",
            "log_variance: received mu, expected another output than that of the code",
        ),
    ],
)
def test_an_output_that_is_no_log_variance_is_refused(found, named, said):
    with pytest.raises(UsageError, match=said):
        de.load_model(lambda x: found, log_variance=named).posterior(IMAGES)


def test_columns_of_classes_and_of_real_numbers_are_given_in_their_order():
    mixed = torch.tensor([[2.0, 0.5], [0.0, -1.5]])
    made = encoder(mixed, code_classes="3,0")
    assert torch.equal(made.see(IMAGES)["codes"], mixed)
    assert made.code == (Categorical(3), Continuous())
    with pytest.raises(UsageError, match="code_classes: received 1 numbers, expected 2, one per column of the code"):
        encoder(mixed, code_classes="3").see(IMAGES)


def test_a_path_that_is_there_has_no_settings(tmp_path):
    (tmp_path / "size?size=8").mkdir()
    assert parse_source(f"{tmp_path}/size?size=8").settings == source_settings({})
    assert parse_source(f"{tmp_path}/other?size=8").settings.size == 8


def test_a_name_longer_than_any_file_has_settings():
    assert parse_source("enc.pt2?code_classes=" + ",".join(["512"] * 80)).settings.code_classes == (512,) * 80


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("enc.pt2", {"log_variance": "1", "role": "encoder"}),
        ("enc.pt2?size=8", {"log_variance": "1", "role": "encoder", "size": 8}),
        ("enc.pt2?output=1", {"output": "1", "role": "encoder"}),
        ("enc.pt2?log_variance=", {"log_variance": "", "role": "encoder"}),
        ("enc.pt2?softmax", {"softmax": True, "role": "encoder"}),
        ("enc.pt2?role=generator&prior=normal:2&output=0", {"role": "generator", "prior": "normal:2", "output": "0"}),
    ],
)
def test_a_written_setting_takes_the_place_of_those_of_its_kind_in_the_file(text, expected):
    found = with_settings_of_file(parse_source(text), "log_variance=1&role=encoder")
    assert found.settings == source_settings(expected)


def test_settings_of_a_file_that_cannot_be_read_are_one_line():
    with pytest.raises(DevalError, match=r"settings stored in 'enc.pt2': received 'rang=1'; export the model again"):
        with_settings_of_file(parse_source("enc.pt2"), "rang=1")


@pytest.mark.parametrize(
    ("log_variance", "said"),
    [
        (lambda x: torch.log(x[:, 0, 0, :2] * 0), "received log variances with NaN or infinity"),
        (lambda x: torch.rand(len(x), 2), "the same images have different log variances"),
        (lambda x: x[:, 0, 0, :2] - x[:, 0, 0, :2].mean(0), "the log variances of an image depend on the other images"),
    ],
)
def test_log_variances_are_checked_as_codes_are(log_variance, said):
    with pytest.raises(DevalError, match=said):
        check_encoder(made_posterior(log_variance), NOISE)


def test_log_variances_above_0_everywhere_are_a_warning():
    with pytest.warns(DevalWarning, match="every log variance is above 0, .* are these standard deviations"):
        check_encoder(made_posterior(lambda x: 0.1 + x[:, 0, 0, :2]), NOISE)


def made_posterior(log_variance):
    return de.load_model(lambda x: (x[:, 0, 0, :2], log_variance(x)), log_variance=1)


class Noise:
    """Images of noise."""

    pixels = torch.rand(40, 1, 4, 4, generator=torch.Generator().manual_seed(0))

    def __len__(self):
        return len(self.pixels)

    def images(self, index):
        return self.pixels[index]


NOISE = Noise()


def test_settings_are_written_as_they_are_read():
    settings = source_settings({"mean": (0.48145466,) * 3, "range": (0, 255), "softmax": True, "channels": 3})
    text = written_source("enc.pt2", settings)
    assert text == "enc.pt2?channels=3&range=0,255&mean=0.48145466,0.48145466,0.48145466&softmax=True"
    assert parse_source(text).settings == settings


def test_numbers_and_texts_of_a_setting_are_the_same():
    assert source_settings({"channels": 3, "output": 1}) == parse_source("enc.pt2?channels=3&output=1").settings


def test_a_prior_has_the_parts_that_are_written_in_their_order():
    assert [type(part).__name__ for part in parse_prior("normal:10+onehot:3+uniform:2").parts] == [
        "Normal",
        "OneHot",
        "Uniform",
    ]
    assert parse_prior("normal:10+onehot:3").dim == 13
    for text in ("normal", "normal:0", "normal:99999999999", "normal:-1", "cauchy:2", "normal:2+"):
        with pytest.raises(UsageError, match=r"prior: received .* expected normal:10, uniform:10 or onehot:10"):
            parse_prior(text)


def checked(compute, **settings):
    made = ForeignGenerator(compute, "mine", source_settings({"role": "generator", "prior": "uniform:16", **settings}))
    check_generator(made, SimpleNamespace(shape=(1, 4, 4), name="squares"), torch.device("cpu"))


def pictures(z):
    return (z - z.min()).reshape(-1, 1, 4, 4) / (z.max() - z.min())


@pytest.mark.parametrize(
    ("compute", "said"),
    [
        (lambda z: z, r"images of shape \(\d+, 16\) for"),
        (lambda z: pictures(z)[:, :, :2], r"images of shape \(1, 2, 4\), expected \(1, 4, 4\), as those of squares"),
        (lambda z: pictures(z) / 0, "received NaN or infinity"),
        (lambda z: pictures(z) * torch.rand(1), "the same latents give different images"),
        (lambda z: torch.ones(len(z), 1, 4, 4) / 2, "different latents give the same image"),
    ],
)
def test_a_generator_that_draws_nothing_to_score_is_refused(compute, said):
    with pytest.raises(DevalError, match=said):
        checked(compute)


def test_a_generator_whose_values_are_cut_off_is_a_warning_unless_its_range_is_said(recwarn):
    checked(pictures)
    checked(lambda z: 2 * pictures(z) - 1, range=(-1, 1))
    assert not recwarn.list
    with pytest.warns(DevalWarning, match=r"% of the values are outside 0 to 1 and are cut off"):
        checked(lambda z: 2 * pictures(z) - 1)


class Vision(nn.Module):
    """What transformers loads: a call with `pixel_values`."""

    config = SimpleNamespace(num_channels=1)

    def __init__(self, hidden):
        super().__init__()
        self.hidden = hidden

    def forward(self, pixel_values):
        mean = pixel_values.mean(dim=(1, 2, 3))[:, None]
        if self.hidden == "pooled":
            return SimpleNamespace(pooler_output=mean[:, :, None, None])
        tokens = torch.stack([mean, 3 * mean], dim=1)
        return SimpleNamespace(last_hidden_state=tokens if self.hidden == "tokens" else tokens.mT[..., None])


@pytest.fixture
def transformers(monkeypatch):
    """A stand-in for transformers, whose models are named after what they return; `processor` may be None."""
    stand_in = types.ModuleType("transformers")
    stand_in.__spec__ = importlib.machinery.ModuleSpec("transformers", None)

    def model(name):
        if name == "absent":
            raise OSError("no such model\nand more lines")
        return Vision(name)

    def processor(name):
        if stand_in.processor is None:
            raise OSError("no processor")
        return stand_in.processor

    stand_in.AutoModel = SimpleNamespace(from_pretrained=model)
    stand_in.AutoImageProcessor = SimpleNamespace(from_pretrained=processor)
    stand_in.processor = None
    monkeypatch.setitem(sys.modules, "transformers", stand_in)
    return stand_in


@pytest.mark.parametrize(("kind", "factor"), [("pooled", 1), ("tokens", 2), ("maps", 2)])
def test_the_code_of_a_hub_model_is_its_pooled_output_or_the_mean_of_its_last_states(transformers, kind, factor):
    from disentangle_eval.sources.pooled_features import load_hub_model

    model, settings = load_hub_model(kind)
    assert settings == {}
    assert model(IMAGES).flatten().tolist() == pytest.approx((factor * IMAGES.mean(dim=(1, 2, 3))).tolist())


def test_images_look_as_the_processor_of_a_hub_model_says(transformers):
    from disentangle_eval.sources.pooled_features import load_hub_model

    transformers.processor = SimpleNamespace(
        size={"shortest_edge": 8}, do_normalize=True, image_mean=[0.5], image_std=[0.25]
    )
    assert load_hub_model("pooled")[1] == {"channels": "1", "size": 8, "mean": (0.5,), "std": (0.25,)}
    transformers.processor = SimpleNamespace(size={"height": 4, "width": 4}, do_normalize=False)
    assert load_hub_model("pooled")[1] == {"channels": "1", "size": 4}


def test_a_hub_model_that_cannot_be_loaded_is_one_line(transformers):
    from disentangle_eval.sources.pooled_features import load_hub_model

    with pytest.raises(UsageError, match=r"source 'hf:absent' cannot be loaded \(OSError: no such model") as caught:
        load_hub_model("absent")
    assert "\n" not in str(caught.value)


def test_a_prior_is_written_as_it_is_read_and_one_with_a_part_of_another_kind_has_no_name():
    class OwnPart(Normal):
        """A part that a plugin brings along."""

    assert text_of_prior(parse_prior("normal:10+onehot:3+uniform:2")) == "normal:10+onehot:3+uniform:2"
    assert text_of_prior(Prior((Uniform(2, -2.0, 2.0),))) == ""
    assert text_of_prior(Prior((Normal(2), OwnPart(3)))) == ""
    assert text_of_prior(None) == ""
