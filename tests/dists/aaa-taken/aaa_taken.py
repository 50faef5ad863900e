"""Claims names that others have: of the core, though this distribution sorts before it, and its own twice."""

from disentangle_eval import DatasetSpec, ModelSpec, hookimpl


@hookimpl
def register_datasets():
    yield DatasetSpec(name="dsprites", summary="a shadow", target="a:A")


@hookimpl
def register_models():
    yield ModelSpec(name="twice", summary="the first", target="a:A", config="a:C")
    yield ModelSpec(name="twice", summary="the second", target="a:A", config="a:C")
