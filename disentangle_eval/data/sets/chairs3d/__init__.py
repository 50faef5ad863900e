"""3D Chairs: 1,393 chair models, each rendered from 62 directions (Aubry, Maturana, Efros, Russell & Sivic, 2014).

Read from the archive or a folder of its pictures, which the user brings.
"""

from disentangle_eval import DataFile, DatasetSpec

DATASETS = (
    DatasetSpec(
        name="chairs3d",
        summary="86,366 renderings of 1,393 chairs from 62 directions, grey 64x64: model, elevation, azimuth",
        target="disentangle_eval.data.sets.chairs3d.loading:load",
        kind="factors",
        config="disentangle_eval.data.sets.chairs3d.config:Chairs3DConfig",
        files=(
            DataFile(
                path="rendered_chairs.tar",
                also=("3DChairs/rendered_chairs.tar",),
                urls=("https://www.di.ens.fr/willow/research/seeing3Dchairs/data/rendered_chairs.tar",),
                largest=16 * 2**30,
                instead=(
                    DataFile(path="rendered_chairs", also=("3DChairs/rendered_chairs",)),
                    DataFile(path="3DChairs/images"),
                ),
            ),
        ),
        images=86_366,
        factors="model 1393, elevation 2, azimuth 31",
        homepage="https://www.di.ens.fr/willow/research/seeing3Dchairs/",
    ),
)
