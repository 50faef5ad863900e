"""Color-dSprites in its two published variants: the sprites of dSprites in colour on black.

Nothing is stored but dSprites; a batch is coloured when it is asked for.
"""

from dataclasses import replace

from disentangle_eval.data.sets.dsprites import DSPRITES

DATASETS = (
    replace(
        DSPRITES,
        name="color-dsprites-ibgan",
        summary="dSprites in each of 512 colours, the sixth factor; black is one of them (Jeon et al., 2021)",
        target="disentangle_eval.data.sets.color_dsprites.loading:load_ibgan",
        images=512 * DSPRITES.images,
        factors=f"colour 512, {DSPRITES.factors}",
    ),
    replace(
        DSPRITES,
        name="color-dsprites-locatello",
        summary="dSprites in a random light colour that is no factor (Locatello et al., 2019)",
        target="disentangle_eval.data.sets.color_dsprites.loading:load_locatello",
    ),
)
