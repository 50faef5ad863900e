"""`deval data fetch | verify | show | pack`, on a plugin's data set and on a server that is this process."""

import hashlib
import re
import sys
import threading
import types
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cli_tiny import TINY
from PIL import Image

from disentangle_eval.registry.lookup import load_registry

PIXELS = bytes(range(256)) * 3  # the published file, which the data set below does not read

RECORDS = """
from disentangle_eval import DataFile, DatasetSpec, hookimpl


def toy(name, images=48, **more):
    return DatasetSpec(name=name, summary="a toy", target="deval_files.load:load", images=images, **more)


@hookimpl
def register_datasets():
    file = DataFile(path="files/pixels.bin", urls=URLS, checksum=CHECKSUM, size=768)
    plain = DataFile(path="files/plain.bin")
    return [
        toy("published", files=(file,), homepage="https://example.org/files"),
        toy("unpublished", files=(plain,)),
        toy("drawn", files=(file,), drawn=True),
        toy("nothing", drawn=True),
        toy("miscounted", images=49, drawn=True),
        DatasetSpec(
            name="mine",
            summary="a toy",
            target="deval_files.load:load_mine",
            config="deval_files.settings:Settings",
            takes_path=True,
        ),
    ]
"""

SETTINGS = """
from disentangle_eval.config import DatasetConfig, Field


class Settings(DatasetConfig):
    table: bool = Field(False, description="not a full grid")
"""

LOAD = """
import hashlib

import numpy as np
import torch

from disentangle_eval.data import ByteImages, FactorSpace, FactorTable, ImageDataset

FACTORS = FactorSpace(("a", "b"), (6, 8))


def load(spec, folder, factors=FACTORS):
    a, b = FACTORS.classes(np.arange(48)).T
    pixels = np.zeros((48, 1, 64, 64), dtype=np.uint8)
    pixels[np.arange(48), 0, 10 * a, 8 * b] = 255
    sha256 = hashlib.sha256(pixels.tobytes()).hexdigest()
    return ImageDataset("toy", sha256, ByteImages(torch.from_numpy(pixels)), factors)


def load_mine(spec, folder, settings):
    if not folder.is_dir():
        raise AssertionError(folder)
    return load(spec, folder, FactorTable(FACTORS.names, FACTORS.classes(np.arange(48))) if settings.table else FACTORS)
"""


@pytest.fixture
def web(tmp_path):
    """The address of a server and the folder it serves."""
    folder = tmp_path / "web"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as listening:
        threading.Thread(target=listening.serve_forever, args=[0.01], daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", folder
        listening.shutdown()


@pytest.fixture
def toy(install, monkeypatch, tmp_path):
    """Registers the data sets above with these addresses and this checksum; returns the empty folder of data sets."""

    def put(*urls: str, checksum: str = "md5:" + hashlib.md5(PIXELS).hexdigest()):
        site = install("deval-good")
        package = site / "deval_files"
        package.mkdir()
        (package / "__init__.py").write_text(f"URLS = {urls!r}\nCHECKSUM = {checksum!r}\n{RECORDS}")
        (package / "load.py").write_text(LOAD)
        (package / "settings.py").write_text(SETTINGS)
        metadata = site / "deval_files-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: deval-files\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text("[deval]\nfiles = deval_files\n")
        load_registry.cache_clear()
        folder = tmp_path / "sets"
        monkeypatch.setenv("DEVAL_DATA", str(folder))
        return folder

    return put


def test_fetch_takes_the_mirror_that_has_it_then_leaves_it(deval, toy, web):
    address, served = web
    (served / "b.bin").write_bytes(PIXELS)
    folder = toy(f"{address}/a.bin", f"{address}/b.bin")
    answer = deval("data", "fetch", "published")
    assert (answer.code, answer.out) == (0, f"{folder / 'files' / 'pixels.bin'}\n")
    assert "next: deval data verify published" in answer.err
    assert (folder / "files" / "pixels.bin").read_bytes() == PIXELS
    (served / "b.bin").unlink()
    again = deval("data", "fetch", "published", "--data-dir", folder)
    assert (again.code, again.out) == (0, "")
    assert "is there already" in again.err
    assert f"next: deval data verify published --data-dir {folder}" in again.err


def test_fetch_replaces_a_file_that_is_not_the_published_one(deval, toy, web):
    address, served = web
    (served / "b.bin").write_bytes(PIXELS)
    folder = toy(f"{address}/b.bin")
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "pixels.bin").write_bytes(b"cut")
    answer = deval("data", "fetch", "published")
    assert answer.code == 0
    assert "received 3 bytes, expected 768; fetching it again" in answer.err
    assert (folder / "files" / "pixels.bin").read_bytes() == PIXELS


def test_fetch_without_a_network_says_what_to_put_where(deval, toy):
    folder = toy("http://127.0.0.1:9/pixels.bin")
    answer = deval("data", "fetch", "published")
    assert answer.code == 1
    assert answer.error == (
        "dataset 'published': 1 file is missing; get them as said above, then type: deval data verify published"
    )
    (told,) = [line for line in answer.err.splitlines() if line.startswith("files/pixels.bin: ")]
    assert "127.0.0.1:9 cannot be reached (Connection refused)" in told
    assert "pixels.bin (768 bytes, md5:" in told
    assert "from http://127.0.0.1:9/pixels.bin or https://example.org/files" in told
    assert told.endswith(f"and put it at {folder / 'files' / 'pixels.bin'}")


def test_fetch_without_an_address(deval, toy):
    folder = toy()
    answer = deval("data", "fetch", "unpublished")
    assert answer.code == 1
    where = f"get plain.bin and put it at {folder / 'files' / 'plain.bin'}"
    assert f"files/plain.bin: no address of it is known; {where}" in answer.err


@pytest.mark.parametrize(("name", "said"), [("nothing", "drawn when it is first used"), ("mine", "mine:PATH")])
def test_fetch_of_what_needs_no_files(deval, toy, name, said):
    toy()
    answer = deval("data", "fetch", name)
    assert (answer.code, answer.out) == (0, "")
    assert said in answer.err


def test_fetch_needs_a_folder_and_a_name(deval, toy, monkeypatch):
    toy()
    monkeypatch.delenv("DEVAL_DATA")
    assert "name the folder to fetch into with --data-dir or DEVAL_DATA" in deval("data", "fetch", "published").error
    assert "did you mean 'published'?" in deval("data", "fetch", "publishd").error


def test_verify_compares_and_then_says_what_the_images_are(deval, toy):
    folder = toy()
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "pixels.bin").write_bytes(PIXELS)
    answer = deval("data", "verify", "published")
    assert answer.code == 0
    assert "768 bytes, md5:" in answer.out
    assert "as published" in answer.out
    assert "images   48 of 1 x 64 x 64\n" in answer.out
    assert re.search(r"^sha256   [0-9a-f]{64}$", answer.out, re.MULTILINE)
    assert "factors  a 6, b 8; every combination is there\n" in answer.out


def test_verify_gives_a_checksum_to_compare_where_none_is_published(deval, toy):
    folder = toy()
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "plain.bin").write_bytes(b"hello")
    answer = deval("data", "verify", "unpublished")
    assert answer.code == 0
    assert f"5 bytes, no checksum is published; sha256:{hashlib.sha256(b'hello').hexdigest()}" in answer.out
    miscounted = deval("data", "verify", "miscounted")
    assert (miscounted.code, miscounted.error) == (1, "dataset 'miscounted': received 48 images, expected 49")


def test_the_files_are_those_of_the_path_behind_the_name(deval, toy, web, tmp_path):
    address, served = web
    (served / "b.bin").write_bytes(PIXELS)
    folder, elsewhere = toy(f"{address}/b.bin"), tmp_path / "elsewhere"
    lacking = deval("data", "verify", f"published:{elsewhere}")
    assert f"type: deval data fetch published:{elsewhere}" in lacking.error
    assert deval("data", "fetch", f"published:{elsewhere}").out == f"{elsewhere / 'files' / 'pixels.bin'}\n"
    assert f"{elsewhere}/files/pixels.bin: 768 bytes" in deval("data", "verify", f"published:{elsewhere}").out
    assert not folder.exists()
    assert "not there, so it is drawn" in deval("data", "show", f"drawn:{tmp_path}", "--out", tmp_path / "a.png").err


@pytest.mark.parametrize("name", ["published", "drawn"])
def test_verify_of_a_wrong_file(deval, toy, name):
    folder = toy()
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "pixels.bin").write_bytes(PIXELS[::-1])
    answer = deval("data", "verify", name)
    assert answer.code == 1
    assert "pixels.bin: received md5:" in answer.out
    assert f"type: deval data fetch {name}" in answer.error


def test_verify_of_what_is_missing_or_drawn_instead(deval, toy):
    toy()
    missing = deval("data", "verify", "published")
    assert (missing.code, missing.out) == (1, "file     files/pixels.bin: missing\n")
    drawn = deval("data", "verify", "drawn")
    assert drawn.code == 0
    assert "files/pixels.bin: not there: drawn instead" in drawn.out
    assert "images   48" in drawn.out


def test_show_draws_a_picture_by_the_name_of_the_data(deval, toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toy()
    place = tmp_path / "My set"
    place.mkdir()
    assert deval("data", "show", f"mine:{place}").out == "mine-my-set.png\n"
    with Image.open("mine-my-set.png") as picture:
        assert picture.mode == "L"
    named = deval("data", "show", "nothing", "--out", tmp_path / "new" / "toy", "--seed", 3)
    assert named.out == f"{tmp_path / 'new' / 'toy.png'}\n"
    assert "expected a name that ends in .png" in deval("data", "show", "nothing", "--out", "toy.jpg").error


def test_a_model_trains_on_a_place_with_settings_and_is_used_from_its_checkpoint(deval, toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    toy()
    (tmp_path / "set").mkdir()
    written = f"mine:{tmp_path / 'set'}?table=on"
    run = "runs/ibgan-mine-set-seed0"
    trained = deval("train", "ibgan", *TINY, "--dataset", written, "--iterations", 2)
    assert (trained.code, trained.out) == (0, f"{run}/checkpoint.pt\n")
    assert trained.err.splitlines()[-1] == f"next: deval sample {run}/checkpoint.pt"
    assert deval("reconstruct", run, "--n", 2).code == 0
    assert deval("train", "ibgan", "--dataset", written, "--out", run, "--resume", "--iterations", 3).code == 0
    assert "needs grid" in deval("score", "--metric", "factorvae", run).error


def test_data_of_the_users_own_need_their_place_and_known_settings(deval, toy, tmp_path):
    toy()
    assert deval("train", "ibgan", "--dataset", "mine").error == (
        "dataset: received 'mine', expected mine:PATH, the path of your data"
    )
    assert "tabel: unknown setting, " in deval("data", "verify", f"mine:{tmp_path}?tabel=on").error


def test_pack_writes_the_data_set_with_its_source(deval, toy, tmp_path, monkeypatch):
    written = []
    packed = types.ModuleType("disentangle_eval.data.packed")
    packed.write_packed = lambda path, data, provenance: written.append((path, data.name, provenance["source"]))
    monkeypatch.setitem(sys.modules, "disentangle_eval.data.packed", packed)
    toy()
    out = tmp_path / "new" / "toy.h5"
    assert deval("data", "pack", f"mine:{tmp_path}?table=on", out).out == f"{out}\n"
    assert written == [(out, "toy", f"mine:{tmp_path}?table=on")]
    out.touch()
    assert "which exists; choose another name" in deval("data", "pack", "nothing", out).error
    assert "expected a name that ends in .h5" in deval("data", "pack", "nothing", tmp_path / "toy.npz").error
    assert len(written) == 1
