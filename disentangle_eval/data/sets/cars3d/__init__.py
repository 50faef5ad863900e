"""Cars3D: 183 car models seen from 24 sides at 4 heights (Reed, Zhang, Zhang & Lee, 2015).

Read from the authors' archive or from the folder `cars` unpacked from it, which the user brings.
"""

from disentangle_eval import DataFile, DatasetSpec

DATASETS = (
    DatasetSpec(
        name="cars3d",
        summary="17,568 colour 64x64 renderings of 183 cars: elevation, azimuth, object",
        target="disentangle_eval.data.sets.cars3d.loading:load",
        kind="factors",
        files=(
            DataFile(
                path="nips2015-analogy-data.tar.gz",
                also=("cars3d/nips2015-analogy-data.tar.gz",),
                urls=("http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",),
                checksum="md5:4e866a7919c1beedf53964e6f7a23686",
                largest=4 * 2**30,
                instead=(DataFile(path="cars", also=("data/cars", "cars3d/cars")),),
            ),
        ),
        images=17_568,
        factors="elevation 4, azimuth 24, object 183",
        homepage="http://www.scottreed.info",
    ),
)
