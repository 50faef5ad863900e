"""Yields what is no record, a record of another kind, and one good record among them."""

from disentangle_eval import DatasetSpec, ModelSpec, hookimpl


@hookimpl
def register_models():
    yield {"name": "a-dict"}
    yield DatasetSpec(name="a-dataset", summary="not a model", target="a:A")
    yield ModelSpec(name="among-them", summary="good", target="a:A", config="a:C")


@hookimpl
def register_metrics():
    return None
