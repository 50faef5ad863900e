"""sprites3d: a solid in a room, with the factors of 3D Shapes; 480,000 drawn images where nothing can be fetched."""

from disentangle_eval import DatasetSpec

SPRITES3D = DatasetSpec(
    name="sprites3d",
    summary="480,000 RGB 64x64 images of a solid in a room, drawn here, with the six factors of 3D Shapes",
    target="disentangle_eval.data.sets.sprites3d.loading:load",
    kind="factors",
    drawn=True,
    images=480_000,
    factors="floor_hue 10, wall_hue 10, object_hue 10, scale 8, shape 4, orientation 15",
)

DATASETS = (SPRITES3D,)
