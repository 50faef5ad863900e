"""Words around a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from disentangle_eval.errors import shortened
from disentangle_eval.report.grid import PAPER, Cells, enlargement, table

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont
    from torch import Tensor

Lines = Sequence[str]
Align = Literal["left", "right", "centre"]

ANCHORS: dict[Align, str] = {"left": "lm", "right": "rm", "centre": "mm"}

INK = 40
FAINT_INK = 110


@dataclass(frozen=True)
class Label:
    """Lines of text centred on height `y`, the first line darkest; `x` is their left end, right end or middle."""

    lines: Lines
    x: float
    y: float
    align: Align


def text_size(tile_height: int) -> int:
    """Pixels of a letter's em, in proportion to the tile it describes."""
    return max(11, tile_height // 6)


def text_width(lines: Lines, size: int) -> int:
    """Pixels the longest line takes."""
    return max(round(_font(size).getlength(shortened(line))) for line in lines)


def write(picture: np.ndarray, labels: Sequence[Label], size: int) -> np.ndarray:
    """A copy of a picture with labels on it."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    for label in labels:
        for number, line in enumerate(label.lines):
            y = label.y + (number - (len(label.lines) - 1) / 2) * 1.25 * size
            grey = INK if number == 0 else FAINT_INK
            ink = grey if picture.ndim == 2 else (grey,) * 3
            pen.text((label.x, y), shortened(line), fill=ink, font=_font(size), anchor=ANCHORS[label.align])
    return np.asarray(image)


def labelled_table(rows: Sequence[tuple[Lines, Tensor]]) -> np.ndarray:
    """Rows of images, each (n, C, H, W) in [0, 1], as one picture, each with its lines of text at the left."""
    height, width = rows[0][1].shape[2:]
    scale = enlargement(height, width)
    picture = table([images for _, images in rows], scale)
    return label_rows(picture, Cells(scale * height, scale * width), [lines for lines, _ in rows])


def label_rows(picture: np.ndarray, cells: Cells, rows: Sequence[Lines]) -> np.ndarray:
    """A picture made by `table` with words left of its rows."""
    size = text_size(cells.height)
    margin = size // 2
    left = text_width([line for lines in rows for line in lines], size) + 2 * margin
    page = np.full((picture.shape[0], left + picture.shape[1], *picture.shape[2:]), PAPER, dtype=np.uint8)
    page[:, left:] = picture
    labels = [Label(lines, left - margin, cells.top(row) + cells.height / 2, "right") for row, lines in enumerate(rows)]
    return write(page, labels, size)


def captioned(picture: np.ndarray, text: str) -> np.ndarray:
    """A picture with a line of text above it; the picture itself if the text is empty."""
    if not text:
        return picture
    size = next((size for size in range(20, 8, -1) if text_width([text], size) <= picture.shape[1] - 8), 8)
    height = round(1.8 * size)
    width = max(picture.shape[1], text_width([text], size) + 8)
    page = np.full((height + picture.shape[0], width, *picture.shape[2:]), PAPER, dtype=np.uint8)
    page[height:, : picture.shape[1]] = picture
    return write(page, [Label([text], 4, height / 2, "left")], size)


@cache
def _font(size: int) -> FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib, so that pictures and plots share their letters."""
    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)
