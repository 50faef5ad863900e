"""Data of the user's own: pictures, arrays in an npz or an HDF5 file, and what the library `datasets` loads."""

from disentangle_eval import DatasetSpec

DATASETS = (
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
