"""Forgets @hookimpl."""

from disentangle_eval import ModelSpec


def register_models():
    yield ModelSpec(name="unmarked", summary="never seen", target="a:A", config="a:C")
