"""Records of the data sets that come with the core."""

from __future__ import annotations

from disentangle_eval.registry.specs import DataFile, DatasetSpec

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

SCREAM_FILE = DataFile(
    path="scream/scream.jpg",
    also=("scream.jpg",),
    urls=("https://upload.wikimedia.org/wikipedia/commons/f/f4/The_Scream.jpg",),
)
DISENTANGLEMENT_LIB = "https://github.com/google-research/disentanglement_lib"


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


def _fashion_mnist_file(name: str, md5: str, size: int) -> DataFile:
    return DataFile(
        path=f"fashion-mnist/{name}.gz",
        also=(f"FashionMNIST/raw/{name}.gz",),
        urls=(f"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/{name}.gz",),
        checksum=f"md5:{md5}",
        size=size,
    )


FASHION_MNIST_TRAIN_FILES = (
    _fashion_mnist_file("train-images-idx3-ubyte", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
    _fashion_mnist_file("train-labels-idx1-ubyte", "25c81989df183df01b3e8a0aad5dffbe", 29_515),
)
FASHION_MNIST_TEST_FILES = (
    _fashion_mnist_file("t10k-images-idx3-ubyte", "bef4ecab320f06d8554ea6380940ec79", 4_422_102),
    _fashion_mnist_file("t10k-labels-idx1-ubyte", "bb300cfdad3c16e7a12a480ee83cd310", 5_148),
)
FASHION_MNIST_LICENCE = "MIT"
FASHION_MNIST_HOMEPAGE = "https://github.com/zalandoresearch/fashion-mnist"


def _svhn_file(name: str, md5: str, size: int) -> DataFile:
    return DataFile(
        path=f"svhn/{name}",
        also=(f"SVHN/{name}", name),
        urls=(f"http://ufldl.stanford.edu/housenumbers/{name}",),
        checksum=f"md5:{md5}",
        size=size,
    )


SVHN_TRAIN_FILE = _svhn_file("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373", 182_040_794)
SVHN_TEST_FILE = _svhn_file("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3", 64_275_384)
SVHN_EXTRA_FILE = _svhn_file("extra_32x32.mat", "a93ce644f1a588dc4d68dda5feec44a7", 1_329_278_602)
SVHN_LICENCE = "non-commercial use only"
SVHN_HOMEPAGE = "http://ufldl.stanford.edu/housenumbers/"

SHAPES3D_FILE = DataFile(
    path="3dshapes/3dshapes.h5",
    also=("3dshapes.h5", "3d-shapes/3dshapes.h5"),
    urls=("https://storage.googleapis.com/3d-shapes/3dshapes.h5",),
    checksum="sha256:0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785",
    size=267_573_662,
)

CARS3D_FILE = DataFile(
    path="nips2015-analogy-data.tar.gz",
    also=("cars3d/nips2015-analogy-data.tar.gz",),
    urls=("http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",),
    checksum="md5:4e866a7919c1beedf53964e6f7a23686",
    instead=(DataFile(path="cars", also=("data/cars", "cars3d/cars")),),
)


def _smallnorb_file(name: str, sha256: str, size: int) -> DataFile:
    return DataFile(
        path=f"small_norb/smallnorb-{name}.mat.gz",
        also=(f"smallnorb/smallnorb-{name}.mat.gz",),
        urls=(f"https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/smallnorb-{name}.mat.gz",),
        checksum=f"sha256:{sha256}",
        size=size,
        instead=(DataFile(path=f"small_norb/smallnorb-{name}.mat", also=(f"smallnorb/smallnorb-{name}.mat",)),),
    )


SMALLNORB_TRAIN_FILES = (
    _smallnorb_file(
        "5x46789x9x18x6x2x96x96-training-dat",
        "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873",
        131_896_188,
    ),
    _smallnorb_file(
        "5x46789x9x18x6x2x96x96-training-cat",
        "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa",
        348,
    ),
    _smallnorb_file(
        "5x46789x9x18x6x2x96x96-training-info",
        "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32",
        71_052,
    ),
)
SMALLNORB_TEST_FILES = (
    _smallnorb_file(
        "5x01235x9x18x6x2x96x96-testing-dat",
        "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474",
        130_799_817,
    ),
    _smallnorb_file(
        "5x01235x9x18x6x2x96x96-testing-cat",
        "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff",
        347,
    ),
    _smallnorb_file(
        "5x01235x9x18x6x2x96x96-testing-info",
        "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2",
        10_428,
    ),
)


def _mpi3d_file(name: str, md5: str) -> DataFile:
    return DataFile(
        path=f"{name}/{name}.npz",
        also=(f"{name}.npz", f"mpi3d/{name}.npz"),
        urls=(f"https://storage.googleapis.com/disentanglement_dataset/Final_Dataset/{name}.npz",),
        checksum=f"md5:{md5}",
    )


def _mpi3d_challenge_file(name: str) -> DataFile:
    archive = f"sim_{name}_64x_ordered_without_heldout_factors.npz"
    return DataFile(
        path=f"mpi3d_{name}/{archive}",
        also=(archive, f"mpi3d/{archive}"),
        urls=(f"https://storage.googleapis.com/disentanglement_dataset/data_npz/{archive}",),
    )


MPI3D_TOY_FILE = _mpi3d_file("mpi3d_toy", "55889cb7c7dfc655d6e0277beee88868")
MPI3D_REALISTIC_FILE = _mpi3d_file("mpi3d_realistic", "59a6225b88b635365f70c91b3e52f70f")
MPI3D_REAL_FILE = _mpi3d_file("mpi3d_real", "0f33f609918fb5c97996692f91129802")
MPI3D_TOY_CHALLENGE_FILE = _mpi3d_challenge_file("toy")
MPI3D_REALISTIC_CHALLENGE_FILE = _mpi3d_challenge_file("realistic")
MPI3D_FACTORS = (
    "object_color 6, object_shape 6, object_size 2, camera_height 3, background_color 3, horizontal_axis 40, "
    "vertical_axis 40"
)
MPI3D_CHALLENGE_FACTORS = (
    "object_color 4, object_shape 4, object_size 2, camera_height 3, background_color 3, horizontal_axis 40, "
    "vertical_axis 40"
)
MPI3D_LICENCE = "CC BY 4.0"
MPI3D_HOMEPAGE = "https://github.com/rr-learning/disentanglement_dataset"

FACES_FILE = DataFile(
    path="faces/basel_face_renders.pth", also=("basel_face_renders.pth", "data/basel_face_renders.pth")
)

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
        target="disentangle_eval.data.sets.dsprites:load",
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
        target="disentangle_eval.data.sets.color_dsprites:load_ibgan",
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
        target="disentangle_eval.data.sets.color_dsprites:load_locatello",
        kind="factors",
        files=(DSPRITES_FILE,),
        drawn=True,
        images=737_280,
        factors="shape 3, scale 6, orientation 40, x 32, y 32",
        licence=DSPRITES_LICENCE,
        homepage=DSPRITES_HOMEPAGE,
    ),
    DatasetSpec(
        name="noisy-dsprites",
        summary="white sprites of dSprites on coloured noise that is no factor (Locatello et al., 2019)",
        target="disentangle_eval.data.sets.noisy_dsprites:load",
        kind="factors",
        files=(DSPRITES_FILE,),
        drawn=True,
        images=737_280,
        factors="shape 3, scale 6, orientation 40, x 32, y 32",
        licence=DSPRITES_LICENCE,
        homepage=DSPRITES_HOMEPAGE,
    ),
    DatasetSpec(
        name="scream-dsprites",
        summary="dSprites inverting a random patch of Munch's Scream, which is no factor (Locatello et al., 2019)",
        target="disentangle_eval.data.sets.scream_dsprites:load",
        kind="factors",
        files=(SCREAM_FILE,),
        images=737_280,
        factors="shape 3, scale 6, orientation 40, x 32, y 32",
        homepage=DISENTANGLEMENT_LIB,
    ),
    DatasetSpec(
        name="sprites3d",
        summary="480,000 RGB 64x64 images of a solid in a room, drawn here, with the six factors of 3D Shapes",
        target="disentangle_eval.data.sets.sprites3d:load",
        kind="factors",
        drawn=True,
        images=480_000,
        factors="floor_hue 10, wall_hue 10, object_hue 10, scale 8, shape 4, orientation 15",
    ),
    DatasetSpec(
        name="mnist",
        summary="60,000 grey 28x28 images of handwritten digits, with labels; scored on mnist-test",
        target="disentangle_eval.data.sets.mnist:load_train",
        test="mnist-test",
        files=MNIST_TRAIN_FILES,
        images=60_000,
        licence=MNIST_LICENCE,
        homepage=MNIST_HOMEPAGE,
    ),
    DatasetSpec(
        name="mnist-55k",
        summary="mnist without its first 5,000 images, as TensorFlow 1 splits it; scored on mnist-test",
        target="disentangle_eval.data.sets.mnist:load_train_55k",
        test="mnist-test",
        files=MNIST_TRAIN_FILES,
        images=55_000,
        licence=MNIST_LICENCE,
        homepage=MNIST_HOMEPAGE,
    ),
    DatasetSpec(
        name="mnist-test",
        summary="the 10,000 test images of MNIST, with labels",
        target="disentangle_eval.data.sets.mnist:load_test",
        files=MNIST_TEST_FILES,
        images=10_000,
        licence=MNIST_LICENCE,
        homepage=MNIST_HOMEPAGE,
    ),
    DatasetSpec(
        name="fashion-mnist",
        summary="60,000 grey 28x28 images of clothes, with labels; scored on fashion-mnist-test",
        target="disentangle_eval.data.sets.fashion_mnist:load_train",
        test="fashion-mnist-test",
        files=FASHION_MNIST_TRAIN_FILES,
        images=60_000,
        licence=FASHION_MNIST_LICENCE,
        homepage=FASHION_MNIST_HOMEPAGE,
    ),
    DatasetSpec(
        name="fashion-mnist-test",
        summary="the 10,000 test images of Fashion-MNIST, with labels",
        target="disentangle_eval.data.sets.fashion_mnist:load_test",
        files=FASHION_MNIST_TEST_FILES,
        images=10_000,
        licence=FASHION_MNIST_LICENCE,
        homepage=FASHION_MNIST_HOMEPAGE,
    ),
    DatasetSpec(
        name="svhn",
        summary="73,257 colour 32x32 images of digits on houses, with labels; scored on svhn-test",
        target="disentangle_eval.data.sets.svhn:load_train",
        test="svhn-test",
        files=(SVHN_TRAIN_FILE,),
        images=73_257,
        licence=SVHN_LICENCE,
        homepage=SVHN_HOMEPAGE,
    ),
    DatasetSpec(
        name="svhn-extra",
        summary="531,131 more images of SVHN, easier ones, with labels; scored on svhn-test",
        target="disentangle_eval.data.sets.svhn:load_extra",
        test="svhn-test",
        files=(SVHN_EXTRA_FILE,),
        images=531_131,
        licence=SVHN_LICENCE,
        homepage=SVHN_HOMEPAGE,
    ),
    DatasetSpec(
        name="svhn-test",
        summary="the 26,032 test images of SVHN, with labels",
        target="disentangle_eval.data.sets.svhn:load_test",
        files=(SVHN_TEST_FILE,),
        images=26_032,
        licence=SVHN_LICENCE,
        homepage=SVHN_HOMEPAGE,
    ),
    DatasetSpec(
        name="shapes3d",
        summary="480,000 colour 64x64 images of a shape in a room: three hues, scale, shape, orientation",
        target="disentangle_eval.data.sets.shapes3d:load",
        kind="factors",
        files=(SHAPES3D_FILE,),
        images=480_000,
        factors="floor_hue 10, wall_hue 10, object_hue 10, scale 8, shape 4, orientation 15",
        homepage="https://github.com/google-deepmind/3d-shapes",
    ),
    DatasetSpec(
        name="cars3d",
        summary="17,568 colour 64x64 renderings of 183 cars: elevation, azimuth, object",
        target="disentangle_eval.data.sets.cars3d:load",
        kind="factors",
        files=(CARS3D_FILE,),
        images=17_568,
        factors="elevation 4, azimuth 24, object 183",
        homepage="http://www.scottreed.info",
    ),
    DatasetSpec(
        name="smallnorb",
        summary="4,860 poses of toys, grey 64x64, each of ten toys of its kind, which is no factor",
        target="disentangle_eval.data.sets.smallnorb:load",
        kind="factors",
        files=(*SMALLNORB_TRAIN_FILES, *SMALLNORB_TEST_FILES),
        images=4_860,
        factors="category 5, elevation 9, azimuth 18, lighting 6",
        licence="research only, not to be sold",
        homepage="https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/",
    ),
    DatasetSpec(
        name="mpi3d-toy",
        summary="1,036,800 drawn colour 64x64 images of a robot arm that holds an object",
        target="disentangle_eval.data.sets.mpi3d:load_toy",
        kind="factors",
        files=(MPI3D_TOY_FILE,),
        images=1_036_800,
        factors=MPI3D_FACTORS,
        licence=MPI3D_LICENCE,
        homepage=MPI3D_HOMEPAGE,
    ),
    DatasetSpec(
        name="mpi3d-toy-challenge",
        summary="460,800 images of mpi3d-toy, four colours and four shapes, as published first and used in 2019",
        target="disentangle_eval.data.sets.mpi3d:load_toy_challenge",
        kind="factors",
        files=(MPI3D_TOY_CHALLENGE_FILE,),
        images=460_800,
        factors=MPI3D_CHALLENGE_FACTORS,
        licence=MPI3D_LICENCE,
        homepage=MPI3D_HOMEPAGE,
    ),
    DatasetSpec(
        name="mpi3d-realistic",
        summary="1,036,800 realistic renderings, colour 64x64, of a robot arm that holds an object",
        target="disentangle_eval.data.sets.mpi3d:load_realistic",
        kind="factors",
        files=(MPI3D_REALISTIC_FILE,),
        images=1_036_800,
        factors=MPI3D_FACTORS,
        licence=MPI3D_LICENCE,
        homepage=MPI3D_HOMEPAGE,
    ),
    DatasetSpec(
        name="mpi3d-realistic-challenge",
        summary="460,800 images of mpi3d-realistic, four colours and four shapes, as published first",
        target="disentangle_eval.data.sets.mpi3d:load_realistic_challenge",
        kind="factors",
        files=(MPI3D_REALISTIC_CHALLENGE_FILE,),
        images=460_800,
        factors=MPI3D_CHALLENGE_FACTORS,
        licence=MPI3D_LICENCE,
        homepage=MPI3D_HOMEPAGE,
    ),
    DatasetSpec(
        name="mpi3d-real",
        summary="1,036,800 photographs, colour 64x64, of a robot arm that holds an object",
        target="disentangle_eval.data.sets.mpi3d:load_real",
        kind="factors",
        files=(MPI3D_REAL_FILE,),
        images=1_036_800,
        factors=MPI3D_FACTORS,
        licence=MPI3D_LICENCE,
        homepage=MPI3D_HOMEPAGE,
    ),
    DatasetSpec(
        name="faces",
        summary="127,050 rendered faces, grey 64x64 (Chen et al., 2018); not the 239,840 of Kim & Mnih (2018)",
        target="disentangle_eval.data.sets.faces:load",
        kind="factors",
        files=(FACES_FILE,),
        images=127_050,
        factors="identity 50, azimuth 21, elevation 11, lighting 11",
        licence="Basel Face Model's, no redistribution",
        homepage="https://github.com/rtqichen/beta-tcvae",
    ),
    DatasetSpec(
        name="celeba",
        summary="202,599 colour photographs of faces, cropped to 148 pixels and resized to 64x64",
        target="disentangle_eval.data.sets.celeba:load",
        config="disentangle_eval.data.sets.celeba_config:CelebAConfig",
        files=(CELEBA_FILE,),
        images=CELEBA_IMAGES,
        licence=CELEBA_LICENCE,
        homepage=CELEBA_HOMEPAGE,
    ),
    DatasetSpec(
        name="celeba32",
        summary="celeba at 32x32, for the networks of InfoGAN and Bidirectional InfoGAN",
        target="disentangle_eval.data.sets.celeba:load32",
        config="disentangle_eval.data.sets.celeba_config:CelebA32Config",
        files=(CELEBA_FILE,),
        images=CELEBA_IMAGES,
        licence=CELEBA_LICENCE,
        homepage=CELEBA_HOMEPAGE,
    ),
    DatasetSpec(
        name="chairs3d",
        summary="86,366 renderings of 1,393 chairs from 62 directions, grey 64x64: model, elevation, azimuth",
        target="disentangle_eval.data.sets.chairs3d:load",
        kind="factors",
        config="disentangle_eval.data.sets.chairs3d_config:Chairs3DConfig",
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
    DatasetSpec(
        name="npz",
        summary="images of your own in an npz, with factors or classes where you know them",
        target="disentangle_eval.data.own.npz:load",
        config="disentangle_eval.data.own.config:ArrayConfig",
        takes_path=True,
    ),
    DatasetSpec(
        name="h5",
        summary="an HDF5 file of deval data pack, or one of your own with images, factors or classes",
        target="disentangle_eval.data.own.hdf5:load",
        config="disentangle_eval.data.own.config:ArrayConfig",
        takes_path=True,
    ),
    DatasetSpec(
        name="hf",
        summary="a data set that the library datasets loads by name or from a folder",
        target="disentangle_eval.data.own.hub:load",
        config="disentangle_eval.data.own.config:HubConfig",
        takes_path=True,
    ),
)
