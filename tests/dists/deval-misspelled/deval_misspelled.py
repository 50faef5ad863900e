"""Misspells a hook."""

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_model():
    yield ModelSpec(name="misspelled", summary="never seen", target="a:A", config="a:C")
