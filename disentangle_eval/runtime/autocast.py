"""Whether autocast rounds what is computed on a device."""

from __future__ import annotations

import torch


def under_autocast(device_type: str) -> bool:
    """Also of a device that has no autocast, such as meta, of which PyTorch refuses to say so."""
    return torch.amp.is_autocast_available(device_type) and torch.is_autocast_enabled(device_type)
