"""Rendered faces: 50 persons under 21 x 11 angles in 11 lights, as Chen et al. (2018) rendered the Basel face model.

Not the 239,840 faces of Kim & Mnih (2018), of which no download is known. Read from the authors' file, which the user
brings.
"""

from disentangle_eval import DataFile, DatasetSpec

DATASETS = (
    DatasetSpec(
        name="faces",
        summary="127,050 rendered faces, grey 64x64 (Chen et al., 2018); not the 239,840 of Kim & Mnih (2018)",
        target="disentangle_eval.data.sets.faces.loading:load",
        config="disentangle_eval.data.sets.faces.config:FacesConfig",
        kind="factors",
        files=(
            DataFile(
                path="faces/basel_face_renders.pth",
                also=("basel_face_renders.pth", "data/basel_face_renders.pth"),
            ),
        ),
        images=127_050,
        factors="identity 50, azimuth 21, elevation 11, lighting 11",
        licence="Basel Face Model's, no redistribution",
        homepage="https://github.com/rtqichen/beta-tcvae",
    ),
)
