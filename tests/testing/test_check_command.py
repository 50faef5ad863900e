"""`deval check` lists every check, says what is wrong, and exits by the result."""

import json

import pytest
from click.testing import CliRunner
from specimens.sound import register_models

from disentangle_eval.cli.check import check
from disentangle_eval.cli.main import main
from disentangle_eval.registry.lookup import Registered
from disentangle_eval.registry.specs import ModelSpec
from disentangle_eval.testing import CHECKS
from disentangle_eval.testing.candidate import Candidate


def installed_as(monkeypatch, spec: ModelSpec) -> None:
    """Stands in for an installed plugin; the images are those that --image names."""

    def find(name, image):
        assert name == spec.name
        return Candidate(registered=Registered(spec, "specimens", "0"), entry="specimens.sound", image=image)

    monkeypatch.setattr("disentangle_eval.testing.candidate.find_candidate", find)
    monkeypatch.setattr("disentangle_eval.cli.check.refuse_unknown", lambda name: None)


def test_a_sound_model_passes(monkeypatch):
    installed_as(monkeypatch, next(iter(register_models())))
    result = CliRunner().invoke(check, ["sound", "--image", "3x8x12", "--json"])
    assert result.exit_code == 0
    outcomes = json.loads(result.output)
    assert len(outcomes) == len(CHECKS)
    assert {outcome["status"] for outcome in outcomes} == {"ok"}


def test_a_faulty_model_is_told_what_to_change_and_exits_with_1(monkeypatch):
    spec = ModelSpec(
        name="faulty",
        summary="draws signed images",
        target="specimens.faulty_methods:SignedImages",
        config="specimens.sound_config:SoundConfig",
    )
    installed_as(monkeypatch, spec)
    result = CliRunner().invoke(check, ["faulty", "--image", "1x16x16"])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert len(lines) == len(CHECKS) + 1
    assert [line for line in lines if line.startswith("failed")] == [line for line in lines if " generate: " in line]
    assert "to fix: end in a sigmoid" in result.output
    # The evaluation and the device rest on it.
    assert lines[-1] == f"faulty: {len(CHECKS) - 3} ok, 1 failed, 2 skipped"


@pytest.mark.parametrize("image", ["3x32", "0x32x32", "3x32x32x1", "axbxc", "99999999x1x1"])
def test_a_wrong_image_shape_is_a_usage_error(image):
    result = CliRunner().invoke(check, ["ibgan", "--image", image])
    assert result.exit_code == 2
    assert "expected channels x height x width, such as 3x32x32" in result.output


def test_debug_shows_the_traceback_behind_a_failure(monkeypatch, capsys):
    spec = ModelSpec(
        name="faulty",
        summary="draws signed images",
        target="specimens.faulty_training:GroupWithoutComma",
        config="specimens.sound_config:SoundConfig",
    )
    installed_as(monkeypatch, spec)
    with pytest.raises(SystemExit):
        main(["check", "faulty", "--image", "1x16x16", "--debug"])
    assert "Traceback" in (shown := capsys.readouterr().err)
    assert "faulty_training.py" in shown
