"""Layers with their normalisation and activation, as lists to unpack into `nn.Sequential`."""

from __future__ import annotations

from torch import nn


def dense_norm(inputs: int, outputs: int) -> list[nn.Module]:
    """(B, inputs) -> (B, outputs), batch normalisation and ReLU."""
    return [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True)]


def upconv_norm(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
    """A transposed convolution without bias, batch normalisation and ReLU, with a padding of 1."""
    return [
        nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]
