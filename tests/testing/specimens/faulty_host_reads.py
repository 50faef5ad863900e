"""Rounds that wait for the device, one way each."""

import torch
from specimens.sound_model import Sound
from torch import Tensor
from torch.distributions import Normal

from disentangle_eval.api import Step


class Item(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total / total.item()


class Branch(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total * 2 if total > 1 else total


class BranchOnIteration(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total * 2 if step.iteration > 3 else total


class ToList(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total * sum(total.detach().reshape(1).tolist())


class ToNumpy(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total * float(total.detach().numpy())


class ToCpu(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        return total + 0 * total.detach().cpu()


class BooleanMask(Sound):
    def adjust(self, total: Tensor, step: Step) -> Tensor:
        noise = step.normal(8)
        return total + noise[noise > 0].sum()


class CheckedDistribution(Sound):
    def sample(self, mean: Tensor, deviation: Tensor, step: Step) -> Tensor:
        return Normal(mean, deviation).mean + deviation * step.normal(*mean.shape)


class TensorOnTheCpu(Sound):
    def sample(self, mean: Tensor, deviation: Tensor, step: Step) -> Tensor:
        return super().sample(mean, deviation * torch.ones(mean.shape), step)
