"""Records of the data sets that come with the core."""

from __future__ import annotations

from disentangle_eval.specs import DatasetSpec

DATASETS = (
    DatasetSpec(
        name="dsprites",
        summary="737,280 binary 64x64 images of one sprite: shape, scale, orientation, x, y",
        target="disentangle_eval.data.dsprites:load",
        kind="factors",
    ),
    DatasetSpec(
        name="color-dsprites-ibgan",
        summary="dSprites in each of 512 colours, the sixth factor; black is one of them (Jeon et al., 2021)",
        target="disentangle_eval.data.color_dsprites:load_ibgan",
        kind="factors",
    ),
    DatasetSpec(
        name="color-dsprites-locatello",
        summary="dSprites in a random light colour that is no factor (Locatello et al., 2019)",
        target="disentangle_eval.data.color_dsprites:load_locatello",
        kind="factors",
    ),
    DatasetSpec(
        name="mnist",
        summary="60,000 grey 28x28 images of handwritten digits, with labels; scored on mnist-test",
        target="disentangle_eval.data.mnist:load_train",
        test="mnist-test",
    ),
    DatasetSpec(
        name="mnist-55k",
        summary="mnist without its first 5,000 images, as TensorFlow 1 splits it; scored on mnist-test",
        target="disentangle_eval.data.mnist:load_train_55k",
        test="mnist-test",
    ),
    DatasetSpec(
        name="mnist-test",
        summary="the 10,000 test images of MNIST, with labels",
        target="disentangle_eval.data.mnist:load_test",
    ),
)
