"""A plugin that does everything right: one record of each kind."""

from disentangle_eval import DatasetSpec, MetricSpec, ModelSpec, hookimpl


@hookimpl
def register_models():
    yield ModelSpec(
        name="good", summary="a good model", target="deval_good.parts:Good", config="deval_good.parts:Config"
    )


@hookimpl
def register_datasets():
    yield DatasetSpec(name="good", summary="a good data set", target="deval_good.parts:load")


@hookimpl
def register_metrics():
    yield MetricSpec(
        name="good",
        summary="a good metric",
        target="deval_good.parts:Good",
        config="deval_good.parts:Config",
        needs=frozenset({"images", "encoder"}),
        headline="value",
        better="higher",
    )
