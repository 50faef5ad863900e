"""Fashion-MNIST: 70,000 grey images of clothes in ten classes, in the form of MNIST (Xiao, Rasul & Vollgraf, 2017).

Read from the four official files, which the user brings.
"""

from __future__ import annotations

from disentangle_eval import DataFile, DatasetSpec

_LOADER = "disentangle_eval.data.sets.mnist:load"
_CONFIG = "disentangle_eval.data.sets.mnist.config:MNISTConfig"
_LICENCE = "MIT"
_HOMEPAGE = "https://github.com/zalandoresearch/fashion-mnist"


def _file(name: str, md5: str, size: int) -> DataFile:
    return DataFile(
        path=f"fashion-mnist/{name}.gz",
        also=(f"FashionMNIST/raw/{name}.gz",),
        urls=(f"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/{name}.gz",),
        checksum=f"md5:{md5}",
        size=size,
    )


DATASETS = (
    DatasetSpec(
        name="fashion-mnist",
        summary="60,000 grey 28x28 images of clothes, with labels; scored on fashion-mnist-test",
        target=_LOADER,
        config=_CONFIG,
        test="fashion-mnist-test",
        files=(
            _file("train-images-idx3-ubyte", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
            _file("train-labels-idx1-ubyte", "25c81989df183df01b3e8a0aad5dffbe", 29_515),
        ),
        images=60_000,
        licence=_LICENCE,
        homepage=_HOMEPAGE,
    ),
    DatasetSpec(
        name="fashion-mnist-test",
        summary="the 10,000 test images of Fashion-MNIST, with labels",
        target=_LOADER,
        config=_CONFIG,
        files=(
            _file("t10k-images-idx3-ubyte", "bef4ecab320f06d8554ea6380940ec79", 4_422_102),
            _file("t10k-labels-idx1-ubyte", "bb300cfdad3c16e7a12a480ee83cd310", 5_148),
        ),
        images=10_000,
        licence=_LICENCE,
        homepage=_HOMEPAGE,
    ),
)
