"""Noisy-dSprites (Locatello et al., 2019): white sprites on coloured noise.

Nothing is stored but dSprites; the noise is made when a batch is asked for.
"""

from dataclasses import replace

from disentangle_eval.data.sets.dsprites import DSPRITES

DATASETS = (
    replace(
        DSPRITES,
        name="noisy-dsprites",
        summary="white sprites of dSprites on coloured noise that is no factor (Locatello et al., 2019)",
        target="disentangle_eval.data.sets.noisy_dsprites.loading:load",
    ),
)
