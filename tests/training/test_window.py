import pytest
import torch

from disentangle_eval.training.window import Window

CPU = torch.device("cpu")


def test_means_are_taken_over_the_iterations_in_which_a_term_came_up():
    window = Window()
    window.add({"loss": torch.tensor(1.0), "kl": torch.tensor([1.0, 2.0])})
    window.add({"loss": torch.tensor(2.0), "kl": torch.tensor([3.0, 5.0]), "rare": torch.tensor(7.0)})
    window.add({"loss": torch.tensor(6.0)})
    assert window.means() == {"loss": 3.0, "kl": [2.0, 3.5], "rare": 7.0}
    window.add({"loss": torch.tensor(5.0)})
    assert window.means() == {"loss": 5.0}
    assert window.means() == {}


def test_sums_are_double_and_do_not_follow_a_term_that_changes_later():
    window, term = Window(), torch.tensor(0.1)
    window.add({"clock": term})
    term.fill_(100)
    window.add({"clock": torch.tensor(1e8)})
    window.add({"clock": torch.tensor(-1e8)})
    assert window.means()["clock"] == pytest.approx(0.1 / 3, rel=1e-6)


def test_a_window_broken_off_and_restored_ends_in_the_same_means():
    generator = torch.Generator().manual_seed(0)
    records = [
        {"loss": torch.rand((), generator=generator), "kl": torch.rand(3, generator=generator)} for _ in range(7)
    ]
    whole = Window()
    for record in records:
        whole.add(record)
    expected = whole.means()
    for broken in range(8):
        first, second = Window(), Window()
        for record in records[:broken]:
            first.add(record)
        second.restore(first.state(), CPU)
        for record in records[broken:]:
            second.add(record)
        assert second.means() == expected
