"""Records of the data sets that come with the core."""

from __future__ import annotations

from disentangle_eval.specs import DataFile, DatasetSpec

DSPRITES = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64"
DSPRITES_FILE = DataFile(
    path=f"dsprites-dataset/{DSPRITES}.npz",
    also=(f"{DSPRITES}.npz",),
    urls=(
        f"https://github.com/deepmind/dsprites-dataset/raw/master/{DSPRITES}.npz",
        f"https://raw.githubusercontent.com/deepmind/dsprites-dataset/master/{DSPRITES}.npz",
    ),
    checksum="md5:7da33b31b13a06f4b04a70402ce90c2e",
    instead=(
        DataFile(
            path=f"dsprites-dataset/{DSPRITES}.hdf5",
            also=(f"{DSPRITES}.hdf5",),
            checksum="md5:b331c4447a651c44bf5e8ae09022e230",
            size=28_024_106,
        ),
    ),
)
DSPRITES_LICENCE = "zlib/libpng"
DSPRITES_HOMEPAGE = "https://github.com/google-deepmind/dsprites-dataset"


def _mnist_file(name: str, md5: str, size: int, unpacked_sha256: str, unpacked_size: int) -> DataFile:
    return DataFile(
        path=f"mnist/{name}.gz",
        also=(f"{name}.gz", f"MNIST/raw/{name}.gz"),
        urls=(
            f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}.gz",
            f"http://yann.lecun.com/exdb/mnist/{name}.gz",
        ),
        checksum=f"md5:{md5}",
        size=size,
        instead=(
            DataFile(
                path=f"mnist/{name}",
                also=(name, f"MNIST/raw/{name}"),
                checksum=f"sha256:{unpacked_sha256}",
                size=unpacked_size,
            ),
        ),
    )


MNIST_TRAIN_FILES = (
    _mnist_file(
        "train-images-idx3-ubyte",
        md5="f68b3c2dcbeaaa9fbdd348bbdeb94873",
        size=9_912_422,
        unpacked_sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        unpacked_size=47_040_016,
    ),
    _mnist_file(
        "train-labels-idx1-ubyte",
        md5="d53e105ee54ea40749a09fcbcd1e9432",
        size=28_881,
        unpacked_sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        unpacked_size=60_008,
    ),
)
MNIST_TEST_FILES = (
    _mnist_file(
        "t10k-images-idx3-ubyte",
        md5="9fb629c4189551a2d022fa330f9573f3",
        size=1_648_877,
        unpacked_sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        unpacked_size=7_840_016,
    ),
    _mnist_file(
        "t10k-labels-idx1-ubyte",
        md5="ec29112dd5afa0611ce80d1b7f02629c",
        size=4_542,
        unpacked_sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        unpacked_size=10_008,
    ),
)
MNIST_LICENCE = "CC BY-SA 3.0"
MNIST_HOMEPAGE = "http://yann.lecun.com/exdb/mnist/"

CELEBA_FILE = DataFile(
    path="CelebA/img_align_celeba.zip",
    also=("celeba/img_align_celeba.zip", "img_align_celeba.zip"),
    checksum="md5:00d2c5bc6d35e252742224ab0c1e8fcb",
    size=1_443_490_838,
    instead=(DataFile(path="CelebA/img_align_celeba", also=("celeba/img_align_celeba", "img_align_celeba")),),
)
CELEBA_IMAGES = 202_599
CELEBA_LICENCE = "non-commercial research only"
CELEBA_HOMEPAGE = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"

CHAIRS3D_FILE = DataFile(
    path="rendered_chairs.tar",
    also=("3DChairs/rendered_chairs.tar",),
    urls=("https://www.di.ens.fr/willow/research/seeing3Dchairs/data/rendered_chairs.tar",),
    instead=(
        DataFile(path="rendered_chairs", also=("3DChairs/rendered_chairs",)),
        DataFile(path="3DChairs/images"),
    ),
)
CHAIRS3D_IMAGES = 86_366

DATASETS = (
    DatasetSpec(
        name="dsprites",
        summary="737,280 binary 64x64 images of one sprite: shape, scale, orientation, x, y",
        target="disentangle_eval.data.dsprites:load",
        kind="factors",
        files=(DSPRITES_FILE,),
        drawn=True,
        images=737_280,
        factors="shape 3, scale 6, orientation 40, x 32, y 32",
        licence=DSPRITES_LICENCE,
        homepage=DSPRITES_HOMEPAGE,
    ),
    DatasetSpec(
        name="color-dsprites-ibgan",
        summary="dSprites in each of 512 colours, the sixth factor; black is one of them (Jeon et al., 2021)",
        target="disentangle_eval.data.color_dsprites:load_ibgan",
        kind="factors",
        files=(DSPRITES_FILE,),
        drawn=True,
        images=377_487_360,
        factors="colour 512, shape 3, scale 6, orientation 40, x 32, y 32",
        licence=DSPRITES_LICENCE,
        homepage=DSPRITES_HOMEPAGE,
    ),
    DatasetSpec(
        name="color-dsprites-locatello",
        summary="dSprites in a random light colour that is no factor (Locatello et al., 2019)",
        target="disentangle_eval.data.color_dsprites:load_locatello",
        kind="factors",
        files=(DSPRITES_FILE,),
        drawn=True,
        images=737_280,
        factors="shape 3, scale 6, orientation 40, x 32, y 32",
        licence=DSPRITES_LICENCE,
        homepage=DSPRITES_HOMEPAGE,
    ),
    DatasetSpec(
        name="mnist",
        summary="60,000 grey 28x28 images of handwritten digits, with labels; scored on mnist-test",
        target="disentangle_eval.data.mnist:load_train",
        test="mnist-test",
        files=MNIST_TRAIN_FILES,
        images=60_000,
        licence=MNIST_LICENCE,
        homepage=MNIST_HOMEPAGE,
    ),
    DatasetSpec(
        name="mnist-55k",
        summary="mnist without its first 5,000 images, as TensorFlow 1 splits it; scored on mnist-test",
        target="disentangle_eval.data.mnist:load_train_55k",
        test="mnist-test",
        files=MNIST_TRAIN_FILES,
        images=55_000,
        licence=MNIST_LICENCE,
        homepage=MNIST_HOMEPAGE,
    ),
    DatasetSpec(
        name="mnist-test",
        summary="the 10,000 test images of MNIST, with labels",
        target="disentangle_eval.data.mnist:load_test",
        files=MNIST_TEST_FILES,
        images=10_000,
        licence=MNIST_LICENCE,
        homepage=MNIST_HOMEPAGE,
    ),
    DatasetSpec(
        name="celeba",
        summary="202,599 colour photographs of faces, cropped to 148 pixels and resized to 64x64",
        target="disentangle_eval.data.celeba:load",
        config="disentangle_eval.data.celeba_config:CelebAConfig",
        files=(CELEBA_FILE,),
        images=CELEBA_IMAGES,
        licence=CELEBA_LICENCE,
        homepage=CELEBA_HOMEPAGE,
    ),
    DatasetSpec(
        name="celeba32",
        summary="celeba at 32x32, for the networks of InfoGAN and Bidirectional InfoGAN",
        target="disentangle_eval.data.celeba:load32",
        config="disentangle_eval.data.celeba_config:CelebA32Config",
        files=(CELEBA_FILE,),
        images=CELEBA_IMAGES,
        licence=CELEBA_LICENCE,
        homepage=CELEBA_HOMEPAGE,
    ),
    DatasetSpec(
        name="chairs3d",
        summary="86,366 renderings of 1,393 chairs from 62 directions, grey 64x64: model, elevation, azimuth",
        target="disentangle_eval.data.chairs3d:load",
        kind="factors",
        config="disentangle_eval.data.chairs3d_config:Chairs3DConfig",
        files=(CHAIRS3D_FILE,),
        images=CHAIRS3D_IMAGES,
        factors="model 1393, elevation 2, azimuth 31",
        homepage="https://www.di.ens.fr/willow/research/seeing3Dchairs/",
    ),
    DatasetSpec(
        name="images",
        summary="your own pictures, images:PATH: a folder, a tar or a zip of them, cropped and resized",
        target="disentangle_eval.data.pictures.loading:load",
        config="disentangle_eval.data.pictures.config:ImagesConfig",
        takes_path=True,
    ),
)
