"""Was written for another version of the plugin interface."""

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models():
    yield ModelSpec(name="other-api", summary="from the future", target="a:A", config="a:C", api=999)
