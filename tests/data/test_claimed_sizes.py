"""Files that claim what they do not hold, or lead elsewhere, are refused in one line before memory is taken."""

import io
import os
import struct
import tracemalloc
import zipfile
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
from code_tables import load_code_table

import disentangle_eval
from disentangle_eval.config import build
from disentangle_eval.data.files import hdf5_limits, sizes
from disentangle_eval.data.files.npz_blocks import StoredArray
from disentangle_eval.data.own import hdf5, npz
from disentangle_eval.data.own.config import ArrayConfig
from disentangle_eval.data.sets import own_data
from disentangle_eval.errors import DevalError, UsageError

OWN = {spec.name: spec for spec in own_data.DATASETS}
load_npz = partial(npz.load, OWN["npz"], cfg=build(ArrayConfig, {}))
load_h5 = partial(hdf5.load, OWN["h5"], cfg=build(ArrayConfig, {}))
IMAGES = np.arange(4 * 8 * 8, dtype=np.uint8).reshape(4, 8, 8)


def npz_with_header(path, header: str):
    """An archive whose arrays have a header of one's own before 64 bytes of numbers."""
    text = header.encode("latin-1")
    member = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(64)
    factors = io.BytesIO()
    np.save(factors, np.array([2, 2]))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("codes.npy", member)
        archive.writestr("images.npy", member)
        archive.writestr("factor_sizes.npy", factors.getvalue())
    return path


HEADERS = [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (40000000, 40), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (10**400, 4), }",
    f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**40}, 4), }}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-4, 4), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000, 0), }",
    "{'descr': '<U0', 'fortran_order': False, 'shape': (4000000000, 4), }",
    "{'descr': 'O', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (4,",
    "{'descr': 5, 'fortran_order': False, 'shape': (4,), }",
    "\x00\xff(((",
]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("load", [load_code_table, load_npz])
def test_a_header_that_is_not_true_is_one_line_and_takes_no_memory(tmp_path, load, header):
    path = npz_with_header(tmp_path / "codes.npz", header)
    tracemalloc.start()
    with pytest.raises((UsageError, DevalError)) as refused:
        load(path)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "\n" not in str(refused.value)
    assert taken < 64 * 2**20


def h5_with(folder, change):
    path = folder / "own.h5"
    with h5py.File(folder / "other.h5", "w") as other:
        other["images"] = IMAGES
    IMAGES.tofile(folder / "raw.bin")
    with h5py.File(path, "w") as file:
        change(file)
    return path


def sparse(file):
    file.create_dataset("images", (100_000, 256, 256), np.uint8, chunks=(1, 256, 256))


def sparse_contiguous(file):
    file.create_dataset("images", (100_000, 256, 256), np.uint8)


def sparse_compressed(file):
    file.create_dataset("images", (100_000, 256, 256), np.uint8, chunks=(1, 256, 256), compression="gzip")


def external_storage(file):
    file.create_dataset("images", IMAGES.shape, np.uint8, external="raw.bin")


def virtual(file):
    layout = h5py.VirtualLayout(IMAGES.shape, np.uint8)
    layout[:] = h5py.VirtualSource("other.h5", "images", IMAGES.shape)
    file.create_virtual_dataset("images", layout)


def link_out(file):
    file["images"] = h5py.ExternalLink("other.h5", "images")


def link_to_a_link_out(file):
    file["inner/elsewhere"] = h5py.ExternalLink("other.h5", "/")
    file["images"] = h5py.SoftLink("/inner/elsewhere/images")


def links_in_a_circle(file):
    file["images"], file["also"] = h5py.SoftLink("/also"), h5py.SoftLink("/images")


def without_values(file):
    file["images"] = h5py.Empty(np.uint8)


def huge_chunks(file):
    file.create_dataset("images", (2**17, 2**7, 2**7), np.uint8, chunks=(2**17, 2**7, 2**7), compression="gzip")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_values, "has no values"),
        (huge_chunks, "stored in chunks of 2147483648 bytes"),
        (sparse, "holds 0"),
        (sparse_contiguous, "holds 0"),
        (sparse_compressed, "not stored as a whole"),
        (external_storage, "in other files"),
        (virtual, "in other files"),
        (link_out, "link to another file"),
        (link_to_a_link_out, "link to another file"),
        (links_in_a_circle, "leads nowhere"),
    ],
)
def test_hdf5_that_claims_more_than_it_holds_or_leads_elsewhere_is_refused(tmp_path, monkeypatch, change, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DevalError, match=said):
        load_h5(h5_with(tmp_path, change))


def test_links_within_a_file_are_followed(tmp_path):
    def change(file):
        file["inner/pixels"] = IMAGES
        file["images"] = h5py.SoftLink("inner/pixels")

    assert len(load_h5(h5_with(tmp_path, change))) == len(IMAGES)


def test_as_many_links_are_followed_as_the_library_follows(tmp_path):
    def chain_of(links):
        def change(file):
            file["link0"] = IMAGES
            for number in range(1, links):
                file[f"link{number}"] = h5py.SoftLink(f"/link{number - 1}")
            file["images"] = h5py.SoftLink(f"/link{links - 1}")

        return change

    assert len(load_h5(h5_with(tmp_path, chain_of(16)))) == len(IMAGES)
    with pytest.raises(DevalError, match="leads nowhere"):
        load_h5(h5_with(tmp_path, chain_of(17)))


def test_a_file_that_does_not_open_in_time_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5_limits, "DEADLINE", 0.01)
    with pytest.raises(DevalError, match=r"does not open within 0\.01 seconds"):
        load_h5(h5_with(tmp_path, lambda file: file.create_dataset("images", data=IMAGES)))


@pytest.mark.parametrize(
    ("ends", "said"),
    [("kill -SEGV $$", r"crash \(signal 11\)"), ("kill -KILL $$", r"crash \(signal 9\)"), ("exit 3", None)],
)
def test_only_a_library_that_crashes_is_a_reason_to_refuse_a_file(tmp_path, monkeypatch, ends, said):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{ends}\n")
    python.chmod(0o700)
    monkeypatch.setattr(hdf5_limits.sys, "executable", str(python))
    if said is None:
        hdf5_limits.refuse_endless(tmp_path / "a.h5", ())
        return
    with pytest.raises(DevalError, match=said) as caught:
        hdf5_limits.refuse_endless(tmp_path / "a.h5", ())
    assert "\n" not in str(caught.value)


def test_the_process_that_tries_a_file_imports_this_package(tmp_path, monkeypatch):
    """Otherwise it ends at once, without a trial, wherever the package is not installed."""
    python, told = tmp_path / "python", tmp_path / "told"
    python.write_text(f'#!/bin/sh\necho "$PYTHONPATH" > {told}\n')
    python.chmod(0o700)
    monkeypatch.setattr(hdf5_limits.sys, "executable", str(python))
    hdf5_limits.refuse_endless(tmp_path / "a.h5", ())
    first = Path(told.read_text().split(os.pathsep)[0])
    assert (first / "disentangle_eval").samefile(Path(disentangle_eval.__file__).parent)


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_arrays_with_either_header_are_read(tmp_path, version):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive, archive.open("images.npy", "w") as member:
        np.lib.format.write_array(member, IMAGES, version=version)
    assert len(load_npz(tmp_path / "a.npz")) == len(IMAGES)


def test_where_the_system_does_not_say_its_memory_no_file_is_refused_for_it(monkeypatch):
    monkeypatch.setattr(sizes.os, "sysconf", lambda name: (_ for _ in ()).throw(ValueError(name)))
    sizes.refuse_size("images", 2**50, 2**50)


def test_more_than_deflate_can_pack_or_the_memory_can_hold_is_refused(monkeypatch):
    monkeypatch.setattr(sizes, "physical_memory", lambda: 2**40)
    sizes.refuse_size("images", 1100 * 10**6 + 64 * 2**20, 10**6)
    with pytest.raises(ValueError, match="which the file's 1000000 cannot hold"):
        sizes.refuse_size("images", 1100 * 10**6 + 64 * 2**20 + 1, 10**6)
    with pytest.raises(ValueError, match=r"more than the 1099511627776 of this machine's memory"):
        sizes.refuse_size("images", 2**40 + 1, 2**40)


@pytest.mark.parametrize(("stored", "said"), [(150, "2 rows, expected 4"), (257, "more than 4 rows")])
def test_an_array_of_other_length_than_its_shape_is_refused_with_its_last_block(stored, said):
    array = StoredArray((4, 8, 8), np.dtype(np.uint8), False, io.BytesIO(bytes(stored)))
    with pytest.raises(ValueError, match=said):
        list(array.blocks(2))
