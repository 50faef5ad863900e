"""Networks in bf16, everything around them in float32."""

import pytest
import torch
from torch import nn
from toy_gan import SHAPE, ToyConfig, ToyData, ToyGAN, finish, started

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.errors import UsageError
from disentangle_eval.training.folder import read_lines
from disentangle_eval.training.iteration import play_rounds
from disentangle_eval.training.players import build_players
from disentangle_eval.training.precision import casts_once, is_emulated, rounded_products, set_precision
from disentangle_eval.training.step import TrainingStep

CPU = torch.device("cpu")


class Watched(nn.Module):
    """Remembers in what its input arrives and its product leaves."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)
        self.seen = []

    def forward(self, x):
        product = self.inner(x)
        self.seen.append(product.dtype)
        return product, {"same": product}


def ancestors(node):
    """The steps of autograd's graph that lead to this one, itself included."""
    found, waiting = set(), [node]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting += [parent for parent, _ in node.next_functions]
    return found


def test_a_network_computes_in_bf16_and_hands_out_float32_in_training_alone():
    model = nn.Sequential(Watched())
    exact = model[0](torch.ones(2, 4))[0]
    set_precision(model, "bf16", CPU)
    outputs, named = model[0](torch.ones(2, 4))
    assert outputs.dtype == named["same"].dtype == torch.float32
    assert not torch.equal(outputs, exact)
    assert torch.allclose(outputs, exact, rtol=0.02, atol=0.02)
    assert torch.equal(model.eval()[0](torch.ones(2, 4))[0], exact)
    assert model[0].seen == [torch.float32, torch.bfloat16, torch.float32]


def test_losses_gradients_and_weights_stay_float32():
    model = ToyGAN(ToyConfig(), SHAPE)
    set_precision(model, "bf16", CPU)
    players, step = build_players(model), TrainingStep(ToyData(), 3, 0, CPU)
    record = play_rounds(model.rounds()[:1], players, step)
    assert {value.dtype for value in record.values()} == {torch.float32}
    moments = [
        value for player in players.values() for state in player.optimiser.state.values() for value in state.values()
    ]
    assert {value.dtype for value in (*moments, *model.parameters())} == {torch.float32}


def test_a_weight_is_rounded_once_for_all_calls_and_anew_after_those_without_gradients():
    layer = nn.Linear(4, 4)
    model = nn.Sequential(layer)
    set_precision(model, "bf16", CPU)
    x = torch.ones(2, 4)
    with casts_once(CPU):
        with torch.no_grad():
            layer(x)
        once, twice = layer(x), layer(x)
    [gradient] = torch.autograd.grad(once.sum() + 2 * twice.sum(), layer.weight)
    assert torch.equal(gradient, torch.full((4, 4), 6.0))
    casts = {
        step for product in (once, twice) for step in ancestors(product.grad_fn) if step.name() == "ToCopyBackward0"
    }
    of_the_weight = [
        cast for cast in casts if any(getattr(f, "variable", None) is layer.weight for f, _ in cast.next_functions)
    ]
    assert len(of_the_weight) == 1


def test_a_run_in_bf16_is_close_to_one_in_float32_and_not_the_same(tmp_path):
    logs, weights = [], []
    for precision in ("float32", "bf16"):
        folder = finish(started(tmp_path / precision, precision=precision))
        logs.append(read_lines(folder.log))
        weights.append(checkpoints.load(folder.checkpoint).weights)
    assert logs[0] != logs[1]
    for exact, rounded in zip(*logs, strict=True):
        assert rounded["loss_critic"] == pytest.approx(exact["loss_critic"], rel=0.05)
    assert all(value.dtype == weights[0][name].dtype for name, value in weights[1].items())


def test_tf32_needs_cuda():
    with pytest.raises(UsageError, match=r"--precision: received 'tf32' on the CPU, .* expected float32 or bf16"):
        set_precision(nn.Linear(1, 1), "tf32", CPU)


def rounding():
    """Whether CUDA may round the factors of products and of convolutions."""
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


def test_products_are_rounded_while_training_computes_and_as_before_afterwards(tmp_path):
    before, seen, data = rounding(), [], ToyData()
    data.at = lambda n: seen.append(rounding())
    training = started(tmp_path, data=data).training
    training.precision = "tf32"  # which is refused without CUDA
    training.advance(2)
    assert seen == [(True, True)] * 2
    with pytest.raises(ValueError, match="inside"), rounded_products("tf32"):
        raise ValueError("inside")
    assert rounding() == before


@pytest.mark.parametrize(("capability", "emulated"), [("AVX2", True), ("DEFAULT", True), ("AVX512", False)])
def test_bf16_is_emulated_where_the_cpu_has_no_instructions_for_it(monkeypatch, capability, emulated):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert is_emulated("bf16", CPU) is emulated
    assert not is_emulated("float32", CPU)
    assert not is_emulated("bf16", torch.device("cuda"))
