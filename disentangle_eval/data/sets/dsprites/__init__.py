"""dSprites: 737,280 images of three shapes in every scale, orientation and place (Matthey et al., 2017).

Read from the original archive where a user has it, drawn otherwise.
"""

from disentangle_eval import DataFile, DatasetSpec

_FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64"

DSPRITES = DatasetSpec(
    name="dsprites",
    summary="737,280 binary 64x64 images of one sprite: shape, scale, orientation, x, y",
    target="disentangle_eval.data.sets.dsprites.loading:load",
    kind="factors",
    files=(
        DataFile(
            path=f"dsprites-dataset/{_FILE}.npz",
            also=(f"{_FILE}.npz",),
            urls=(
                f"https://github.com/deepmind/dsprites-dataset/raw/master/{_FILE}.npz",
                f"https://raw.githubusercontent.com/deepmind/dsprites-dataset/master/{_FILE}.npz",
            ),
            checksum="md5:7da33b31b13a06f4b04a70402ce90c2e",
            largest=64 * 2**20,
            instead=(
                DataFile(
                    path=f"dsprites-dataset/{_FILE}.hdf5",
                    also=(f"{_FILE}.hdf5",),
                    checksum="md5:b331c4447a651c44bf5e8ae09022e230",
                    size=28_024_106,
                ),
            ),
        ),
    ),
    drawn=True,
    images=737_280,
    factors="shape 3, scale 6, orientation 40, x 32, y 32",
    licence="zlib/libpng",
    homepage="https://github.com/google-deepmind/dsprites-dataset",
)

DATASETS = (DSPRITES,)
