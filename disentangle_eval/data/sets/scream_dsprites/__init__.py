"""Scream-dSprites (Locatello et al., 2019): sprites that invert a patch of Munch's picture The Scream.

Nothing is stored but dSprites and the picture; a batch is put together when it is asked for.
"""

from disentangle_eval import DataFile, DatasetSpec
from disentangle_eval.data.sets.dsprites import DSPRITES

DATASETS = (
    DatasetSpec(
        name="scream-dsprites",
        summary="dSprites inverting a random patch of Munch's Scream, which is no factor (Locatello et al., 2019)",
        target="disentangle_eval.data.sets.scream_dsprites.loading:load",
        kind="factors",
        files=(
            DataFile(
                path="scream/scream.jpg",
                also=("scream.jpg",),
                urls=("https://upload.wikimedia.org/wikipedia/commons/f/f4/The_Scream.jpg",),
                largest=64 * 2**20,
            ),
        ),
        images=DSPRITES.images,
        factors=DSPRITES.factors,
        homepage="https://github.com/google-research/disentanglement_lib",
    ),
)
