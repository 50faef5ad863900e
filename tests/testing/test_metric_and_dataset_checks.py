"""The checks of metrics and data sets: sound ones pass, and each planted fault fails the check that looks for it."""

from __future__ import annotations

import random
import warnings
from typing import ClassVar

import numpy as np
import pytest
import torch

from disentangle_eval.api import ImageShape, Metric, Scores
from disentangle_eval.config import Field, MetricConfig
from disentangle_eval.data import ByteImages, FactorSpace, ImageDataset
from disentangle_eval.errors import DevalWarning, UsageError
from disentangle_eval.registry.lookup import Registered, Registry
from disentangle_eval.registry.specs import DatasetSpec, MetricSpec
from disentangle_eval.testing.checks import check_registration_imports_no_torch
from disentangle_eval.testing.dataset_checks import DatasetCandidate
from disentangle_eval.testing.finding import find
from disentangle_eval.testing.metric_checks import MetricCandidate
from disentangle_eval.testing.outcomes import check_candidate, check_metric

# ---------------------------------------------------------------- metrics


class Settings(MetricConfig):
    protocols: ClassVar = {"standard": {"images": 50}}
    images: int = Field(50, ge=2, description="images that are looked at")


class GivenByProtocol(MetricConfig):
    protocols: ClassVar = {"standard": {"images": 50}, "other": {"images": 60}}
    images: int = Field(ge=2, description="images that are looked at")
    draws: int = Field(1, ge=1, description="draws of them")


class NoProtocols(MetricConfig):
    images: int = Field(50, ge=2, description="images that are looked at")


class OutOfBounds(Settings):
    protocols: ClassVar = {"standard": {"images": 1}}


class NamedSeed(Settings):
    seed: int = Field(0, description="seed of the draws")


class NamedStatistics(Settings):
    batch_statistics: str = Field("running", description="an argument of `de.score`")


class Spread(Metric):
    """The largest variance of a code dimension."""

    def score(self, subject, seed):
        index = np.random.default_rng(seed).integers(len(subject), size=self.cfg.images)
        return Scores({"value": self.of(subject.codes(index)), "columns": len(subject.code)}, chance=0.0)

    def of(self, codes):
        return codes.var(axis=0).max()


class Warns(Spread):
    def score(self, subject, seed):
        warnings.warn(DevalWarning("few images"), stacklevel=1)
        return super().score(subject, seed)


class Words(Spread):
    def of(self, codes):
        return "high"


class AnArray(Spread):
    def of(self, codes):
        return codes.var(axis=0)


class Raises(Spread):
    def of(self, codes):
        raise KeyError("nothing")


class FreshDraws(Spread):
    def of(self, codes):
        return codes.var() + np.random.default_rng().normal()


class GlobalDraws(Spread):
    def of(self, codes):
        return codes.var() + 0 * np.random.normal() + 0 * random.random()


class DividesByVariance(Spread):
    def of(self, codes):
        with np.errstate(all="ignore"):
            return (codes.mean(axis=0) / codes.var(axis=0)).max()


class ChangesCodes(Spread):
    def score(self, subject, seed):
        subject._codes += 1
        return super().score(subject, seed)


def metric(target: str = "Spread", config: str = "Settings", headline: str = "value") -> MetricCandidate:
    spec = MetricSpec(
        name="specimen",
        summary="x",
        target=f"{__name__}:{target}",
        config=f"{__name__}:{config}",
        needs=frozenset({"encoder", "factors"}),
        headline=headline,
        better="higher",
    )
    return without_registration(MetricCandidate(registered=Registered(spec, "specimens", "0"), entry=__name__))


def without_registration(candidate):
    """Its check starts an interpreter; it is the one of models, which has its own tests."""
    candidate.verdicts[check_registration_imports_no_torch] = None
    return candidate


def failed(candidate) -> dict[str, str]:
    return {done.check: done.message for done in check_candidate(candidate) if done.status == "failed"}


def test_a_sound_metric_passes_every_check():
    assert {done.status for done in check_candidate(metric())} == {"ok"}


def test_what_a_metric_warns_of_small_subjects_is_not_shown(recwarn):
    assert {done.status for done in check_candidate(metric(target="Warns"))} == {"ok"}
    assert not recwarn.list


@pytest.mark.parametrize(
    ("specimen", "check", "said"),
    [
        ({"config": "NoProtocols"}, "protocols", "to fix: write protocols: ClassVar"),
        ({"config": "OutOfBounds"}, "protocols", "images: received 1"),
        ({"config": "NamedSeed"}, "protocols", "setting 'seed'"),
        ({"config": "NamedStatistics"}, "protocols", "setting 'batch_statistics'"),
        ({"target": "Words"}, "scores", "'high' as the headline 'value'"),
        ({"target": "AnArray"}, "scores", "as the headline 'value'"),
        ({"headline": "other"}, "scores", "None as the headline 'other'"),
        ({"target": "Raises"}, "scores", "KeyError: 'nothing' at test_metric_and_dataset_checks.py:"),
        ({"target": "FreshDraws"}, "same_seed", "differ in 'value'"),
        ({"target": "GlobalDraws"}, "no_global_randomness", "numpy's global generator and Python's global generator"),
        ({"target": "ChangesCodes"}, "subject_unchanged", "other codes after the score"),
        ({"target": "DividesByVariance"}, "uninformative_codes", "expected a finite number in the scores of one dead"),
    ],
)
def test_a_fault_of_a_metric_fails_its_check_alone(specimen, check, said):
    found = failed(metric(**specimen))
    assert list(found) == [check], found
    assert said in found[check]


@pytest.mark.parametrize("name", ["mig", "iwae"])
def test_built_in_metrics_of_codes_and_of_models_pass(name):
    assert [done for done in check_metric(name) if done.status == "failed"] == []


def test_a_metric_is_checked_under_a_protocol_that_it_has():
    assert {done.check: done.status for done in check_metric("mig", protocol="chen")}["same_seed"] == "ok"
    with pytest.raises(UsageError, match=r"protocol: received 'chne', expected one of mig's: dlib"):
        check_metric("mig", protocol="chne")
    with pytest.raises(UsageError, match="protocol: received 'chen' for a model"):
        find("vae", "model", protocol="chen")


def test_changed_settings_are_those_of_the_first_protocol_unless_another_is_named(monkeypatch):
    registry = Registry({}, {}, {"spread": metric(config="GivenByProtocol").registered})
    monkeypatch.setattr("disentangle_eval.testing.finding.load_registry", lambda: registry)
    monkeypatch.setattr("disentangle_eval.testing.finding.entry_of", lambda registered: __name__)
    assert find("spread", "metric", config={"draws": 2}).metric().cfg == GivenByProtocol(images=50, draws=2)
    other = find("spread", "metric", config={"draws": 2}, protocol="other")
    assert other.metric().cfg == GivenByProtocol(images=60, draws=2)
    with pytest.raises(UsageError, match="draws: received 0"):
        find("spread", "metric", config={"draws": 0})


# ---------------------------------------------------------------- data sets

FACTORS = FactorSpace(("left", "top"), (4, 4))


def squares(spec, folder):
    left, top = FACTORS.classes(np.arange(len(FACTORS))).T[:, :, None, None]
    row, column = np.arange(8)[:, None], np.arange(8)
    white = (left <= column) & (column < left + 4) & (top <= row) & (row < top + 4)
    pixels = np.where(white, 255, 0).astype(np.uint8)[:, None]
    return ImageDataset("squares", "0" * 64, ByteImages(torch.from_numpy(pixels)), FACTORS, np.arange(16) % 3)


class Squares:
    """The squares, with places for faults."""

    name, sha256, shape, factors = "squares", "0" * 64, ImageShape(1, 8, 8), FACTORS

    def __init__(self, spec, folder):
        self.store = squares(spec, folder).store

    def __len__(self):
        return 16

    def to(self, device):
        return self

    def images(self, index):
        return self.store.images(index)


class Bytes(Squares):
    def images(self, index):
        return 255 * super().images(index)


class Doubles(Squares):
    def images(self, index):
        return super().images(index).double()


class Changing(Squares):
    def __init__(self, spec, folder):
        super().__init__(spec, folder)
        self.generator = torch.Generator().manual_seed(0)

    def images(self, index):
        return super().images(index) * torch.rand((len(index), 1, 1, 1), generator=self.generator)


class Sorts(Squares):
    def images(self, index):
        return super().images(index.sort().values)


class OfTheBatch(Squares):
    def images(self, index):
        images = super().images(index)
        return images / len(index)


class NoChecksum(Squares):
    sha256 = "today"


class WrongOrder(Squares):
    factors = FactorSpace(("left", "top", "nothing"), (2, 2, 4))

    def images(self, index):
        return super().images(index // 4 * 4)


class LabelsAsText(Squares):
    labels = np.array(["a"] * 16)


class LabelsPerRow(Squares):
    labels = np.zeros((16, 1), dtype=np.int64)


class Flat(Squares):
    shape = (8, 8)


class Empty(Squares):
    def __len__(self):
        return 0


class RaisesOnLoading(Squares):
    def __init__(self, spec, folder):
        super().__init__(spec, folder)

    @property
    def sha256(self):
        raise KeyError("sha256")


class AllAlike(Squares):
    factors = None

    def images(self, index):
        return super().images(torch.zeros_like(index))


class DividedTwice(Squares):
    def images(self, index):
        return super().images(index) / 255


class GlobalNoise(Squares):
    """Draws from the global generator and throws the result away: the images stay as they were."""

    def images(self, index):
        torch.rand(1)
        return super().images(index)


class SizesOfOthers(FactorSpace):
    def classes(self, index):
        return super().classes(index) + 1


class ClassesFromOne(Squares):
    factors = SizesOfOthers(("left", "top"), (4, 4))


class OtherFactors(Squares):
    factors = FactorSpace(("left", "top"), (4, 5))


class Reversed(FactorSpace):
    def index(self, classes):
        return len(self) - 1 - super().index(classes)


class OtherImages(Squares):
    factors = Reversed(("left", "top"), (4, 4))


def dataset(target: str, **spec) -> DatasetCandidate:
    record = DatasetSpec(
        **{"name": "specimen", "summary": "x", "target": f"{__name__}:{target}", "kind": "factors", **spec}
    )
    loaded = globals()[target](record, None)
    candidate = DatasetCandidate(
        registered=Registered(record, "specimens", "0"), entry=__name__, name="specimen", data=loaded
    )
    return without_registration(candidate)


def test_a_sound_data_set_passes_every_check():
    outcomes = list(check_candidate(dataset("squares", images=16)))
    assert [done.check for done in outcomes if done.status != "ok"] == ["opened_again"]  # it is open already


@pytest.mark.parametrize(
    ("target", "check", "said"),
    [
        ("Bytes", "images", "pixels from 0 to 255"),
        ("Doubles", "images", "torch.float64"),
        ("Changing", "same_images", "other images in a second call"),
        ("Sorts", "same_images", "another order than their index"),
        ("OfTheBatch", "same_images", "another image alone than in a batch"),
        ("NoChecksum", "opens", "sha256 'today'"),
        ("WrongOrder", "factors_show", "images that do not change with 'nothing'"),
        ("LabelsAsText", "labels", "expected integers from 0 of shape (16,)"),
        ("LabelsPerRow", "labels", "int64 of shape (16, 1); expected integers from 0 of shape (16,)"),
        ("Flat", "opens", "shape (8, 8); expected channels, height and width"),
        ("Empty", "opens", "no image; expected at least one"),
        ("RaisesOnLoading", "opens", "KeyError: 'sha256'"),
        ("AllAlike", "images", "equal images; expected images by index"),
        ("DividedTwice", "images", "pixels up to 0.00392"),
        ("GlobalNoise", "no_global_randomness", "torch"),
        ("ClassesFromOne", "factors", "count classes from 0"),
        ("OtherFactors", "factors", "2 names and 2 sizes for 20 images"),
        ("OtherImages", "factors", "another image than the one its classes name"),
    ],
)
def test_a_fault_of_a_data_set_fails_its_check_alone(target, check, said):
    found = failed(dataset(target, kind="images" if target == "AllAlike" else "factors"))
    assert list(found) == [check], found
    assert said in found[check]


def test_a_data_set_of_another_size_or_kind_than_its_spec_says_is_found():
    assert "expected 17, as its spec says" in failed(dataset("squares", images=17))["opens"]
    assert "no factors in a data set of kind 'factors'" in failed(dataset("AllAlike"))["opens"]
