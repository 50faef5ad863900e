from pathlib import Path
from typing import ClassVar

import pytest

from disentangle_eval.config import ModelConfig, preset_values
from disentangle_eval.errors import UsageError
from disentangle_eval.registry.names import DatasetName, parse_dataset, written_path


@pytest.mark.parametrize(
    ("text", "parts", "short"),
    [
        ("dsprites", DatasetName("dsprites"), "dsprites"),
        ("images:/data/My faces.tar", DatasetName("images", "/data/My faces.tar"), "images-my-faces"),
        (
            "images:~/x?size=64&skip-unreadable=true",
            DatasetName("images", "~/x", {"size": "64", "skip_unreadable": "true"}),
            "images-x",
        ),
        ("celeba?crop=128", DatasetName("celeba", "", {"crop": "128"}), "celeba"),
        ("hf:user/name", DatasetName("hf", "user/name"), "hf-name"),
    ],
)
def test_what_is_written_for_a_data_set(text, parts, short):
    assert parse_dataset(text) == parts
    assert parse_dataset(text).short == short


def test_a_place_in_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert parse_dataset("npz:~/x.npz").path == Path("/home/ada/x.npz")
    assert parse_dataset("npz").path is None


def test_a_path_with_a_question_mark_can_be_written():
    path = Path("/data/what?/50%3F.npz")
    assert parse_dataset(f"npz:{written_path(path)}?images=x").path == path
    assert parse_dataset("npz:what%3f.npz").path == Path("what?.npz")
    with pytest.raises(UsageError, match="write %3F for a question mark in a path"):
        parse_dataset("npz:/data/what?/x.npz")


@pytest.mark.parametrize("text", ["celeba?crop", "celeba?=3", "celeba?crop=1&"])
def test_a_setting_without_a_value_is_refused(text):
    with pytest.raises(UsageError, match=r"dataset: received .* expected NAME\?setting=value"):
        parse_dataset(text)


def test_a_preset_knows_a_data_set_by_its_name_alone():
    class Config(ModelConfig):
        presets: ClassVar = {"paper": {"celeba": {"batch_size": 3}}}

    assert preset_values(Config, "celeba:/faces?crop=128", "paper") == {"batch_size": 3}
