"""Pictures of the user's own: every kind of file, cropped, from folders and archives, kept, and refused."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from disentangle_eval.config import build
from disentangle_eval.data.pictures import archives, decoding, loading, preparing
from disentangle_eval.data.pictures.config import ImagesConfig
from disentangle_eval.data.pictures.decoding import Form, decode
from disentangle_eval.data.pictures.names import folder_classes, pack_names, unpack_names
from disentangle_eval.data.sets import own_data
from disentangle_eval.errors import DevalError, UsageError

load = partial(loading.load, next(spec for spec in own_data.DATASETS if spec.name == "images"))

RANDOM = np.random.default_rng(0)
PIXELS = {f"{name}.png": RANDOM.integers(256, size=(8, 8, 3), dtype=np.uint8) for name in ("b/2", "a/1", "b/10", "a/3")}
ORDER = ["a/1.png", "a/3.png", "b/10.png", "b/2.png"]
SMALL = ImagesConfig(size=8)


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))


def file_of(picture: Image.Image | np.ndarray, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, kind, **options)
    return file.getvalue()


FILES = {name: file_of(pixels) for name, pixels in PIXELS.items()}


def folder_of(place: Path, files: dict[str, bytes]) -> Path:
    for name, contents in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(contents)
    return place


def tar_of(place: Path, files: dict[str, bytes], mode: str = "w", *members: tarfile.TarInfo) -> Path:
    with tarfile.open(place, mode) as archive:
        for name, contents in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(contents)
            archive.addfile(member, io.BytesIO(contents))
        for member in members:
            archive.addfile(member)
    return place


def zip_of(place: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    return place


def pixels_of(data) -> np.ndarray:
    """(N, H, W, C) uint8."""
    return (data.images(torch.arange(len(data))) * 255).round().byte().permute(0, 2, 3, 1).numpy()


# ---------------------------------------------------------------- one picture


@pytest.mark.parametrize(
    ("mode", "colour", "rgb", "grey"),
    [
        ("L", 100, (100, 100, 100), 100),
        ("1", 1, (255, 255, 255), 255),
        ("RGB", (255, 0, 0), (255, 0, 0), 76),
        ("RGBA", (200, 100, 50, 0), (0, 0, 0), 0),
        ("RGBA", (200, 100, 50, 51), (40, 20, 10), 25),
        ("LA", (200, 51), (40, 40, 40), 40),
        ("I;16", 0xABCD, (0xAB, 0xAB, 0xAB), 0xAB),
    ],
)
def test_every_mode_becomes_eight_bits_on_black(mode, colour, rgb, grey):
    contents = file_of(Image.new(mode, (5, 5), colour))
    assert decode(contents, Form(4, "square", 3))[:, 0, 0].tolist() == list(rgb)
    assert decode(contents, Form(4, "square", 1)).tolist() == [[[grey] * 4] * 4]


def grey_png(values: list[int], bits: int, key: int) -> bytes:
    """A row of grey values of so many bits, of which one is transparent."""

    def chunk(kind: bytes, contents: bytes) -> bytes:
        return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", zlib.crc32(kind + contents))

    row = int("".join(f"{value:0{bits}b}" for value in values), 2).to_bytes(len(values) * bits // 8, "big")
    header = struct.pack(">2I5B", len(values), 1, bits, 0, 0, 0, 0)
    parts = [
        (b"IHDR", header),
        (b"tRNS", struct.pack(">H", key)),
        (b"IDAT", zlib.compress(b"\0" + row)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_grey_of_any_depth_shows_black(bits):
    white = (1 << bits) - 1
    values = [white, white, 0, white] * 4 if bits == 1 else [white, white - 1, 0, white // 3] * 4
    decoded = decode(grey_png(values, bits, white), Form(16, "none", 1))[0]
    expected = [0 if value == white else value * 255 // white for value in values]
    np.testing.assert_allclose(decoded.astype(int), np.tile(expected, (16, 1)), atol=1)


CASES = Path(os.environ.get("DEVAL_SHARED", Path(__file__).parents[3] / "shared")) / "cases"
RAMP = (255 * np.arange(64) / 63).astype(int)


@pytest.mark.parametrize("name", ["l16.pgm", "l12.pgm", "i16.tif", "u16miniswhite.tif", "u8miniswhite.tif"])
def test_sixteen_bits_in_pgm_and_tiff(name):
    if not (folder := CASES / "pictures-16-bit-and-transparency").is_dir():
        pytest.skip(f"{folder} is absent; DEVAL_SHARED names the folder that holds cases/")
    rows = decode((folder / name).read_bytes(), Form(64, "none", 1))[0]
    expected = 255 - RAMP if "white" in name else RAMP
    np.testing.assert_allclose(rows.astype(int), np.tile(expected, (64, 1)), atol=1)


@pytest.mark.parametrize(("name", "column"), [("l16_trns.png", 42), ("l4_trns.png", 42), ("rgb16key.png", 10)])
def test_one_transparent_colour_of_four_or_sixteen_bits(name, column):
    if not (folder := CASES / "pictures-16-bit-and-transparency").is_dir():
        pytest.skip(f"{folder} is absent; DEVAL_SHARED names the folder that holds cases/")
    reds = decode((folder / name).read_bytes(), Form(64, "none", 3))[0, 0]
    assert reds[column] == 0
    assert (reds[[column - 5, column + 5]] > 0).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_lab_becomes_rgb_or_grey(channels):
    lab = Image.new("LAB", (4, 4), (255, 128, 128))
    np.testing.assert_allclose(decode(file_of(lab, "TIFF"), Form(4, "none", channels)), 255, atol=2)


def test_a_palette_with_a_transparent_colour_is_resolved():
    picture = Image.fromarray(np.array([[0, 1], [1, 0]], dtype=np.uint8), mode="L").convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60])
    decoded = decode(file_of(picture, "GIF", transparency=1), Form(2, "none", 3))
    assert decoded.transpose(1, 2, 0).tolist() == [[[10, 20, 30], [0, 0, 0]], [[0, 0, 0], [10, 20, 30]]]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(kind):
    decoded = decode(file_of(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), kind), Form(4, "square", 3))
    np.testing.assert_allclose(decoded[:, 0, 0], [255, 0, 0], atol=3)


def test_a_picture_is_turned_upright_before_it_is_cropped():
    lying = np.zeros((4, 8, 3), dtype=np.uint8)
    lying[:, :2] = 255  # the left edge, which rotation by 90 degrees clockwise makes the upper one
    exif = Image.Exif()
    exif[0x0112] = 6
    contents = file_of(lying, "PNG", exif=exif)
    upright = decode(contents, Form(8, "none", 1))[0]
    assert upright[0].tolist() == [255] * 8
    assert upright[-1].tolist() == [0] * 8


def test_crops_are_centred_and_unscaled_where_they_have_the_size():
    pixels = np.arange(7 * 4, dtype=np.uint8).reshape(7, 4)
    contents = file_of(pixels)
    np.testing.assert_array_equal(decode(contents, Form(4, "square", 1))[0], pixels[1:5])
    np.testing.assert_array_equal(decode(contents, Form(2, 2, 1))[0], pixels[2:4, 1:3])
    assert decode(contents, Form(4, "none", 1))[0, 0, 0] < pixels[1, 0]


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"", "no picture of a known kind"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "no picture of a known kind"),
        (FILES["a/1.png"][:-40], "trunc"),
        (file_of(np.zeros((3, 9), dtype=np.uint8)), "9 x 3 pixels, smaller than the crop of 4"),
        (file_of(Image.new("F", (5, 5), 0.5), "TIFF"), "32 bits per pixel"),
    ],
)
def test_what_cannot_be_used_has_a_reason(contents, reason):
    images, reasons = decoding.decode_batch([contents, FILES["a/1.png"]], Form(4, 4, 3))
    assert reason in reasons[0]
    assert reasons[1] == ""
    assert images[1].any()


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_PIXELS", 10_000)
    bomb = file_of(Image.new("L", (200, 200)))
    assert len(bomb) < 1000
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    _, (reason,) = decoding.decode_batch([bomb], Form(4, "square", 1))
    assert reason == "200 x 200 pixels, expected at most 10000 in all"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30_000)
    assert "decompression bomb" in decoding.decode_batch([bomb], Form(4, "square", 1))[1][0]


# ---------------------------------------------------------------- many


@pytest.mark.parametrize("make", [folder_of, tar_of, zip_of])
def test_pictures_come_by_name_wherever_they_lie(tmp_path, make):
    suffix = {"tar_of": ".tar", "zip_of": ".zip"}.get(make.__name__, "")
    others = {"notes.txt": b"no picture", ".hidden.png": b"", "a/._1.png": b"", ".git/x.png": b""}
    data = load(make(tmp_path / f"mine{suffix}", {**FILES, **others}), SMALL)
    assert (data.name, data.shape, data.labels) == (f"images@mine{suffix}", (3, 8, 8), None)
    np.testing.assert_array_equal(pixels_of(data), [PIXELS[name] for name in ORDER])


@pytest.mark.parametrize("name", ["mine.tar.gz", "mine.TGZ"])
def test_a_packed_tar_and_its_dotted_names(tmp_path, name):
    place = tar_of(tmp_path / name, {f"./{file}": contents for file, contents in FILES.items()}, "w:gz")
    np.testing.assert_array_equal(pixels_of(load(place, SMALL)), [PIXELS[name] for name in ORDER])


def test_settings_come_as_text(tmp_path):
    cfg = build(ImagesConfig, {"size": "4", "crop": "6", "channels": "1", "skip_unreadable": "true"})
    data = load(folder_of(tmp_path / "mine", FILES), cfg)
    assert data.shape == (1, 4, 4)
    with pytest.raises(UsageError, match=r"channels.*expected 1 or 3"):
        build(ImagesConfig, {"channels": "2"})
    with pytest.raises(UsageError, match="crop"):
        build(ImagesConfig, {"crop": "0"})


def test_all_pictures_are_decoded_in_processes_of_their_own(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(preparing, "_PICTURES_PER_BATCH", 2)
    monkeypatch.setattr(preparing, "available_cores", lambda: 2)
    caplog.set_level("INFO", "disentangle_eval")
    grey = {f"{i:02}.png": file_of(np.full((8, 8), i, dtype=np.uint8)) for i in range(12)}
    data = load(folder_of(tmp_path / "mine", grey), ImagesConfig(size=8, channels=1))
    assert pixels_of(data)[:, 0, 0, 0].tolist() == list(range(12))
    assert "images: decoding 12 pictures once, processes: 2" in caplog.messages


def test_a_process_that_decodes_needs_no_torch():
    check = f"import sys, {decoding.__name__}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


class _Fatal:
    """Ends the process it is sent to."""

    def __reduce__(self):
        return os._exit, (1,)


def test_a_process_that_dies_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "_PICTURES_PER_BATCH", 1)
    monkeypatch.setattr(preparing, "available_cores", lambda: 2)
    monkeypatch.setattr(preparing, "decode_batch", _Fatal())
    with pytest.raises(DevalError, match="a process that ended before its work was done"):
        load(folder_of(tmp_path / "mine", FILES), SMALL)
    assert not list((tmp_path / "cache").glob("*"))


def test_a_second_start_reads_the_cache_and_not_the_pictures(tmp_path, monkeypatch):
    places = [folder_of(tmp_path / "mine", FILES), tar_of(tmp_path / "mine.tar", FILES)]
    first = [load(place, SMALL) for place in places]
    monkeypatch.setattr(preparing, "_decode_all", lambda *_: pytest.fail("decoded again"))
    monkeypatch.setattr(tarfile, "open", lambda *_: pytest.fail("opened again"))
    assert [load(place, SMALL).sha256 for place in places] == [data.sha256 for data in first]
    load(places[0], ImagesConfig(size=8, labels="folder"))


def test_a_picture_that_changed_or_another_setting_is_seen(tmp_path):
    place = folder_of(tmp_path / "mine", FILES)
    first = load(place, SMALL)
    assert load(place, ImagesConfig(size=8, channels=1)).sha256 != first.sha256
    changed = place / "a/1.png"
    os.utime(changed, ns=(0, 0))
    changed.write_bytes(FILES["b/2.png"])
    again = load(place, SMALL)
    np.testing.assert_array_equal(pixels_of(again)[0], PIXELS["b/2.png"])
    assert len(list((tmp_path / "cache").iterdir())) == 4  # images and names of two settings: old ones are replaced


@pytest.mark.parametrize("make", [folder_of, zip_of])
def test_a_picture_replaced_by_one_of_equal_size_and_time_is_seen(tmp_path, make):
    most = max(map(len, FILES.values()))
    padded = {name: contents.ljust(most, b"\0") for name, contents in FILES.items()}
    place = make(tmp_path / ("mine" if make is folder_of else "mine.zip"), padded)
    file = place / "a/1.png" if make is folder_of else place
    before = file.stat()
    first = load(place, SMALL)
    make(place, {**padded, "a/1.png": padded["b/2.png"]})
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    again = load(place, SMALL)
    assert again.sha256 != first.sha256
    np.testing.assert_array_equal(pixels_of(again)[0], PIXELS["b/2.png"])


# ---------------------------------------------------------------- what cannot be used


@pytest.mark.parametrize("make", [folder_of, tar_of, zip_of])
def test_unreadable_pictures_are_counted_and_refused_or_left_out(tmp_path, make, caplog):
    suffix = {"tar_of": ".tar", "zip_of": ".zip"}.get(make.__name__, "")
    good = {f"{i:03}.png": file_of(np.full((8, 8), i, dtype=np.uint8)) for i in range(12)}
    place = make(tmp_path / f"mine{suffix}", {**good, **{f"{i:03}.png": b"broken" for i in (3, 5, 7, 11)}})
    told = r"4 of 12 pictures cannot be used: 003.png \(no picture of a known kind\); 005.png .*; 007.png .*; \.\.\."
    with pytest.raises(DevalError, match=rf"{told}; mend or remove them, .*skip_unreadable=true"):
        load(place, ImagesConfig(size=8, channels=1))
    assert not list((tmp_path / "cache").glob("*"))
    skipping = ImagesConfig(size=8, channels=1, skip_unreadable=True)
    data = load(place, skipping)
    assert "left out 4 of 12 pictures" in caplog.text
    assert pixels_of(data)[:, 0, 0, 0].tolist() == [i for i in range(12) if i not in (3, 5, 7, 11)]
    assert load(place, skipping).sha256 == data.sha256


def test_no_picture_at_all(tmp_path):
    with pytest.raises(UsageError, match="holds no picture"):
        load(folder_of(tmp_path / "empty", {"notes.txt": b""}), SMALL)
    with pytest.raises(UsageError, match=r"No such file or directory, expected a folder, or a file that ends in .tar"):
        load(tmp_path / "absent", SMALL)
    with pytest.raises(UsageError, match=r"received the file .*notes.txt, expected a folder"):
        load(tmp_path / "empty" / "notes.txt", SMALL)
    with pytest.raises(DevalError, match="2 of 2 pictures cannot be used"):
        load(folder_of(tmp_path / "b", {"1.png": b"", "2.png": b""}), ImagesConfig(skip_unreadable=True))


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes or links")
def test_pipes_and_links_in_a_folder(tmp_path):
    place = folder_of(tmp_path / "mine", FILES)
    os.mkfifo(place / "pipe.png")
    (place / "z.png").symlink_to(place / "a/1.png")
    (place / "round").symlink_to(place)
    assert len(load(place, SMALL)) == 5
    (place / "lost.png").symlink_to(place / "nowhere")
    with pytest.raises(DevalError, match=r"1 of 6 pictures cannot be used: lost.png \(No such file"):
        load(place, SMALL)


@pytest.mark.parametrize("name", ["../outside.png", "a/../../outside.png", "/outside.png", "..\\outside.png"])
def test_a_member_outside_its_archive_is_refused(tmp_path, name):
    for place in (
        tar_of(tmp_path / "mine.tar", {**FILES, name: FILES["a/1.png"]}),
        tar_of(tmp_path / "mine.tgz", {**FILES, name: FILES["a/1.png"]}, "w:gz"),
        zip_of(tmp_path / "mine.zip", {**FILES, name: FILES["a/1.png"]}),
    ):
        with pytest.raises(DevalError, match=r"the member '.*outside.png', which is outside of it"):
            load(place, SMALL)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    member = tarfile.TarInfo("a/link.png")
    member.type, member.linkname = kind, "/etc/passwd"
    with pytest.raises(DevalError, match=r"'a/link.png', which is a link, a device or a sparse file"):
        load(tar_of(tmp_path / "mine.tar", FILES, "w", member), SMALL)


def test_a_name_twice_is_refused(tmp_path):
    with pytest.raises(DevalError, match=r"the member 'a/1.png' twice"):
        load(tar_of(tmp_path / "mine.tar", {**FILES, "./a/1.png": b""}), SMALL)


def test_names_with_the_separator_of_windows(tmp_path):
    files = {name.replace("/", "\\"): contents for name, contents in FILES.items()}
    data = load(zip_of(tmp_path / "mine.zip", files), ImagesConfig(size=8, labels="folder"))
    np.testing.assert_array_equal(pixels_of(data), [PIXELS[name] for name in ORDER])
    assert data.labels.tolist() == [0, 0, 1, 1]


def test_the_zip_of_a_windows_shell():
    if not (folder := CASES / "zip-backslash-labels").is_dir():
        pytest.skip(f"{folder} is absent; DEVAL_SHARED names the folder that holds cases/")
    cfg = ImagesConfig(size=32, labels="folder")
    windows, slashes = load(folder / "win.zip", cfg), load(folder / "slash.zip", cfg)
    assert windows.labels.tolist() == slashes.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert windows.sha256 == slashes.sha256


def test_an_encrypted_archive_is_refused(tmp_path):
    place = zip_of(tmp_path / "mine.zip", FILES)
    contents = bytearray(place.read_bytes())
    at = contents.index(b"PK\x01\x02") + 8  # the flags of the first entry in the directory
    contents[at] |= 1
    place.write_bytes(contents)
    with pytest.raises(DevalError, match=r"'b/2.png', which is encrypted, expected pictures without a password"):
        load(place, SMALL)


@pytest.mark.parametrize("make", [folder_of, tar_of, zip_of])
def test_files_that_are_passed_over_are_counted_and_named(tmp_path, make, caplog):
    suffix = {"tar_of": ".tar", "zip_of": ".zip"}.get(make.__name__, "")
    others = {"4.heic": b"", "5": FILES["a/1.png"], "c/6.avif": b"", "notes.txt": b"", "__MACOSX/a/._1.png": b""}
    data = load(make(tmp_path / f"mine{suffix}", {**FILES, "7.JFIF": FILES["a/1.png"], **others}), SMALL)
    assert len(data) == 5
    assert "passed over 4 files that no suffix marks as a picture: 4.heic, 5, c/6.avif, ..." in caplog.text
    with pytest.raises(UsageError, match=r"holds no picture but 4 files that no suffix marks as a picture: 4.heic, "):
        load(make(tmp_path / f"none{suffix}", others), SMALL)


def test_a_member_that_is_huge_unpacked_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 100_000)
    bomb = {**FILES, "bomb.png": bytes(1_000_000)}
    for place in (tar_of(tmp_path / "mine.tgz", bomb, "w:gz"), zip_of(tmp_path / "mine.zip", bomb)):
        assert place.stat().st_size < 10_000
        with pytest.raises(DevalError, match=r"'bomb.png' of 1000000 bytes unpacked, expected at most 100000"):
            load(place, SMALL)


@pytest.mark.parametrize("name", ["mine.tar", "mine.tgz", "mine.zip"])
def test_a_truncated_archive_is_refused_and_the_old_cache_is_still_good(tmp_path, name):
    place = tmp_path / name
    zip_of(place, FILES) if name.endswith("zip") else tar_of(place, FILES, "w:gz" if name.endswith("tgz") else "w")
    whole, status = place.read_bytes(), place.stat()
    first = load(place, SMALL)
    place.write_bytes(whole[:800])
    with pytest.raises(DevalError, match="expected a whole archive; get it again"):
        load(place, SMALL)
    place.write_bytes(whole)
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert load(place, SMALL).sha256 == first.sha256
    assert not list((tmp_path / "cache").glob("*.tmp"))


# ---------------------------------------------------------------- names


def test_classes_are_the_folders_at_the_first_level_where_they_differ(tmp_path):
    assert folder_classes(["top/b/x/1.png", "top/a/2.png", "top/b/3.png"]).tolist() == [1, 0, 1]
    place = folder_of(tmp_path / "mine", FILES)
    data = load(place, ImagesConfig(size=8, labels="folder"))
    assert (data.labels.tolist(), data.labels.dtype) == ([0, 0, 1, 1], np.int64)


@pytest.mark.parametrize("names", [["1.png", "2.png"], ["a/1.png", "a/2.png"], ["a/1.png", "b/1.png", "2.png"]])
def test_classes_that_no_folder_tells(names):
    with pytest.raises(UsageError, match="is in no folder of a class"):
        folder_classes(names)


def test_names_are_kept_whole():
    names = ["ä/1.png", "b\udcff.png", "long" * 20]
    assert unpack_names(pack_names(names)) == names
