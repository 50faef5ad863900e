"""One of two distributions that use the same entry-point name."""

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models():
    yield ModelSpec(name="same-two", summary="[/bold] number two", target="a:A", config="a:C")
