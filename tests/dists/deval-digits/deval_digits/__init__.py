"""Images of three brightnesses in a training set and a labelled test set, and a model that distinguishes them."""

from disentangle_eval import DatasetSpec, ModelSpec, hookimpl


@hookimpl
def register_models():
    yield ModelSpec(
        name="brightness",
        summary="its code is the brightness, as one of three classes",
        target="deval_digits.parts:Brightness",
        config="deval_digits.parts:Config",
    )


@hookimpl
def register_datasets():
    yield DatasetSpec(
        name="digits",
        summary="to train on",
        target="deval_digits.parts:train",
        test="digits-test",
        validation="digits-held-back",
    )
    yield DatasetSpec(name="digits-held-back", summary="labelled anew", target="deval_digits.parts:held_back")
    yield DatasetSpec(name="digits-test", summary="to score on", target="deval_digits.parts:test")
    yield DatasetSpec(name="digits-wide", summary="images of another shape", target="deval_digits.parts:wide")
