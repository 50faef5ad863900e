"""One picture file as an image of fixed size: 8 bits, grey or RGB, cropped and resized. Needs numpy and Pillow only."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# All of these are decoded by Pillow's own code and the codec libraries; none runs another program.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
# Where PNG has the bits per value, and TIFF's tags and values.
_PNG_DEPTH = 24
_TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO, _SIGNED = 0, 2
MAX_PIXELS = 89_478_485
MAX_BYTES = 1 << 27


@dataclass(frozen=True)
class Form:
    """What pictures become: (channels, size, size), 1 or 3 channels.

    `crop` is the side of the centred square cut out before, `"square"` the largest one, `"none"` the whole picture.
    """

    size: int
    crop: int | str
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.size, self.size


@dataclass(frozen=True)
class Span:
    """Where the bytes of a picture are: `size` of them from `start` on in the file `path`."""

    path: Path
    start: int
    size: int


def decode_batch(pictures: Sequence[Span | bytes], form: Form) -> tuple[np.ndarray, list[str]]:
    """B pictures -> (B, C, S, S) uint8, and B reasons why a picture cannot be used, empty where it can."""
    images = np.zeros((len(pictures), *form.shape), dtype=np.uint8)
    reasons = []
    for image, picture in zip(images, pictures, strict=True):
        try:
            image[:] = decode(picture if isinstance(picture, bytes) else read(picture), form)
            reasons.append("")
        except Exception as error:  # whatever a decoder raises on a damaged file is about that file alone
            reasons.append(_reason(error))
    return images, reasons


def read(span: Span) -> bytes:
    """The bytes of a picture. OSError where they cannot be read, ValueError where they are too many or too few."""
    if span.size > MAX_BYTES:
        raise ValueError(f"{span.size} bytes, expected at most {MAX_BYTES}")
    with span.path.open("rb") as file:
        file.seek(span.start)
        contents = file.read(span.size)
    if len(contents) != span.size:
        raise ValueError(f"{len(contents)} bytes, expected {span.size}")
    return contents


def decode(contents: bytes, form: Form) -> np.ndarray:
    """A picture file -> (C, S, S) uint8, upright as its EXIF data say, its first frame if there are several.

    Palettes are resolved, CMYK and LAB become RGB, 16 bits keep their upper 8, and what is transparent shows black.
    Grey is the luma of ITU-R 601. Any exception means that the file is damaged, too large or of no known kind.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(BytesIO(contents), formats=FORMATS) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                raise ValueError(f"{width} x {height} pixels, expected at most {MAX_PIXELS} in all")
            opened.load()
            stored = _stored(opened, contents)
            upright = ImageOps.exif_transpose(opened)
    picture = _crop(_eight_bits(upright, stored, form.channels), form.crop)
    resized = picture.resize((form.size, form.size), Image.Resampling.BILINEAR)
    return np.asarray(resized).reshape(form.size, form.size, form.channels).transpose(2, 0, 1)


@dataclass(frozen=True)
class _Stored:
    """How a file stores a value: in how many bits, with a sign or not, and whether 0 is white and Pillow ignores it."""

    bits: int
    signed: bool = False
    white_is_zero: bool = False


def _stored(opened: Image.Image, contents: bytes) -> _Stored:
    if opened.format == "PNG":
        return _Stored(contents[_PNG_DEPTH])
    if opened.format == "TIFF":
        tags = opened.tag_v2  # type: ignore[attr-defined]
        bits = max(tags.get(_TIFF_BITS, (1,)))
        inverted = opened.mode.startswith("I;16") and tags.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO
        return _Stored(bits, _SIGNED in tags.get(_TIFF_SAMPLE_FORMAT, ()), inverted)
    # Of the other formats only PGM has 16 bits, which Pillow scales to the whole range.
    return _Stored(16 if opened.format == "PPM" and opened.mode == "I" else 8)


def _eight_bits(picture: Image.Image, stored: _Stored, channels: int) -> Image.Image:
    """Any picture as grey or RGB of 8 bits, on black."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        picture = _upper_bits(picture, stored)
    elif "transparency" in picture.info and picture.mode in ("L", "RGB"):
        picture = _with_key(picture, stored.bits)
    if picture.mode == "LAB":  # which Pillow turns into RGB only
        picture = picture.convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture)
    return picture.convert("L" if channels == 1 else "RGB")


def _upper_bits(picture: Image.Image, stored: _Stored) -> Image.Image:
    """The upper 8 of 16 bits; of numbers with a sign those of 0 to 32,767, all below being 0."""
    if stored.bits != 16 or picture.mode == "F":
        raise ValueError("32 bits per pixel, expected 8 or 16")
    values = np.asarray(picture)
    key = picture.info.get("transparency")
    levels = (values.clip(min=0) >> 7 if stored.signed else values >> 8).astype(np.uint8)
    if stored.white_is_zero:
        levels = 255 - levels
    if isinstance(key, int):
        levels[values == key] = 0
    return Image.fromarray(levels)


def _with_key(picture: Image.Image, bits: int) -> Image.Image:
    """A picture one colour of which is transparent: that colour, which the file gives in its own bits, in 8 bits."""
    key = picture.info["transparency"]
    if isinstance(key, bytes):
        return picture
    values = key if isinstance(key, tuple) else (key,)
    levels = tuple(value >> 8 if bits == 16 else value * 255 // ((1 << bits) - 1) for value in values)
    picture = picture.copy()
    picture.info["transparency"] = levels if picture.mode == "RGB" else levels[0]
    return picture


def _crop(picture: Image.Image, crop: int | str) -> Image.Image:
    if crop == "none":
        return picture
    side = min(picture.size) if crop == "square" else int(crop)
    if side > min(picture.size):
        raise ValueError(f"{picture.width} x {picture.height} pixels, smaller than the crop of {side}")
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "no picture of a known kind"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
