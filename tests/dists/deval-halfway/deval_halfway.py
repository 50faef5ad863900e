"""Yields one record, then raises."""

from disentangle_eval import DatasetSpec, ModelSpec, hookimpl


@hookimpl
def register_models():
    yield ModelSpec(name="before", summary="yielded before the exception", target="a:A", config="a:C")
    yield ModelSpec(name="Not A Name", summary="its record refuses it", target="a:A", config="a:C")


@hookimpl
def register_datasets():
    yield DatasetSpec(name="beside", summary="of another hook", target="a:A")
