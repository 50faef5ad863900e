"""Replayed iterations train as iterations run by Python do."""

from dataclasses import replace

import pytest
import torch
from toy_gan import ToyGAN, assert_same_run, finish, resumed, started

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.api import Losses, Optim, Player, PolynomialDecay
from disentangle_eval.testing.host_graph import HostGraph
from disentangle_eval.training import capture
from disentangle_eval.training.folder import read_lines
from disentangle_eval.training.run import Watchers


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch):
    """Twelve iterations hold stretches, single iterations and a refill of the batches."""
    monkeypatch.setattr(capture, "STRETCH", 2)
    monkeypatch.setattr(capture, "BATCHES_AHEAD", 4)


def captured(folder, **options):
    return started(folder, new_graph=HostGraph, **options)


def test_a_captured_run_is_the_run_that_python_computes_to_the_last_bit(tmp_path):
    run = captured(tmp_path / "captured")
    assert_same_run(finish(run), finish(started(tmp_path / "eager")))
    assert run.training.step.queue is not None


def test_python_runs_only_while_iterations_are_captured(tmp_path, monkeypatch):
    calls = []
    plain = ToyGAN.adversarial
    monkeypatch.setattr(ToyGAN, "adversarial", lambda self, step: calls.append(1) or plain(self, step))
    finish(captured(tmp_path / "run", iterations=400, log=4, checkpoint=400, snapshot=400))
    # Iterations differ in whether the second round is due, so there are at most two captures of a stretch.
    assert len(calls) <= 2 * capture.STRETCH * (capture.WARM_UP + 1)


def test_a_captured_run_broken_off_and_resumed_ends_in_the_same_bits(tmp_path):
    whole = finish(captured(tmp_path / "whole"))
    for stop in (1, 5, 6, 11):
        folder = tmp_path / f"broken{stop}"
        run = captured(folder, snapshot=100, checkpoint=stop)
        run.train(stopping(run, stop))
        assert run.iteration < 12
        again = resumed(folder, new_graph=HostGraph)
        finish(again)
        weights = [checkpoints.load(path).weights for path in (again.folder.checkpoint, whole.checkpoint)]
        assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[1])
        assert again.folder.log.read_bytes() == whole.log.read_bytes()


def stopping(run, at):
    """Watchers under which a run stops once a tick at or after an iteration has passed."""
    plain = run.save

    def save():
        plain()
        if run.iteration >= at:
            run.stop()

    run.save = save
    return Watchers()


def test_a_schedule_goes_on_inside_a_captured_graph(tmp_path, monkeypatch):
    plain = ToyGAN.players
    decay = PolynomialDecay(iterations=10, final=0.2, power=0.5)

    def scheduled(self):
        return [Player(player.name, player.groups, Optim(lr=0.01, schedule=decay)) for player in plain(self)]

    monkeypatch.setattr(ToyGAN, "players", scheduled)
    logs = [
        read_lines(finish(started(tmp_path / name, new_graph=graph, log=1)).log)
        for name, graph in (("captured", HostGraph), ("eager", None))
    ]
    for mine, theirs in zip(*logs, strict=True):
        assert mine["loss_critic"] == pytest.approx(theirs["loss_critic"], rel=1e-5)
        assert mine["pixels"] == pytest.approx(theirs["pixels"], rel=1e-4, abs=1e-6)


def with_optim(monkeypatch, optim):
    plain = ToyGAN.players
    monkeypatch.setattr(ToyGAN, "players", lambda self: [Player(one.name, one.groups, optim) for one in plain(self)])


def test_momentum_of_sgd_clipping_and_rounds_of_a_part_are_captured(tmp_path, monkeypatch):
    with_optim(monkeypatch, Optim(lr=0.01, kind="SGD", momentum=0.9, clip_norm=0.5))
    plain = ToyGAN.rounds
    monkeypatch.setattr(
        ToyGAN, "rounds", lambda self: [plain(self)[0], replace(plain(self)[1], every=1, start=3, end=7)]
    )
    run = captured(tmp_path / "captured")
    assert_same_run(finish(run), finish(started(tmp_path / "eager")))
    assert run.training.step.queue is not None


# ---------------------------------------------------------------- what cannot be captured


def test_an_optimiser_whose_state_does_not_start_at_zero_is_run_by_python(tmp_path, monkeypatch):
    with_optim(monkeypatch, Optim(lr=0.01, kind="NAdam"))
    assert "this NAdam" in falls_back(tmp_path)


def falls_back(tmp_path, **options):
    """The reason a run that was to be captured gives, after checking that it then trains as Python does."""
    notes = []
    run = captured(tmp_path / "captured", **options)
    run.train(Watchers(on_notice=(notes.append,)))
    assert_same_run(run.folder, finish(started(tmp_path / "eager", **options)))
    (note,) = notes
    assert note.startswith("not captured in a CUDA graph, so each iteration is launched from Python: ")
    return note.partition("Python: ")[2]


def test_a_model_that_replaces_a_buffer_is_trained_by_python(tmp_path, monkeypatch):
    plain_init, plain_loss = ToyGAN.__init__, ToyGAN.adversarial

    def init(self, cfg, image):
        plain_init(self, cfg, image)
        self.register_buffer("followed", torch.zeros(4))

    def adversarial(self, step):
        losses = plain_loss(self, step)
        self.followed = 0.9 * self.followed + 0.1 * losses.terms["pixels"].detach()
        return losses

    monkeypatch.setattr(ToyGAN, "__init__", init)
    monkeypatch.setattr(ToyGAN, "adversarial", adversarial)
    assert "training replaces 'followed'" in falls_back(tmp_path)


def test_a_capture_that_fails_leaves_the_state_as_it_was(tmp_path, monkeypatch):
    def fail(self, work):
        work()
        raise RuntimeError("operation not permitted when stream is capturing\nsecond line")

    monkeypatch.setattr(HostGraph, "capture", fail)
    assert falls_back(tmp_path) == "RuntimeError: operation not permitted when stream is capturing second line"


def test_a_number_that_python_keeps_stays_as_it_was_captured(tmp_path, monkeypatch):
    """As in a CUDA graph; the conformance kit finds such models."""
    plain = ToyGAN.shrink

    def shrink(self, step):
        self.calls = getattr(self, "calls", 0) + 1
        losses = plain(self, step)
        return Losses(total={"drawer": losses.total["drawer"] * self.calls}, terms=losses.terms)

    monkeypatch.setattr(ToyGAN, "shrink", shrink)
    logs = [
        finish(started(tmp_path / name, new_graph=graph)).log.read_bytes()
        for name, graph in (("captured", HostGraph), ("eager", None))
    ]
    assert logs[0] != logs[1]
