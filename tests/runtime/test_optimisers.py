"""torch's optimisers without its compiler."""

import pytest
import torch

from disentangle_eval.runtime.optimisers import without_compiler

# One each needs a closure, and sparse gradients.
KINDS = [
    kind
    for name, kind in vars(torch.optim).items()
    if isinstance(kind, type) and name not in ("Optimizer", "LBFGS", "SparseAdam")
]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_state_and_name_are_those_of_torch(kind):
    ended = []
    for one in (kind, without_compiler(kind)):
        weight = torch.nn.Parameter(torch.linspace(-1, 1, 6).reshape(2, 3))
        optimiser = one([{"params": [weight]}], lr=0.1)
        for _ in range(3):
            (weight**3).sum().backward()
            optimiser.step()
            optimiser.zero_grad()
        assert weight.grad is None
        again = one([{"params": [weight]}], lr=0.5)
        again.load_state_dict(optimiser.state_dict())
        ended.append((weight, again.state_dict()))
    (weight, state), (mine, my_state) = ended
    assert torch.equal(weight, mine)
    assert str(state) == str(my_state)
    assert without_compiler(kind).__name__ == kind.__name__
