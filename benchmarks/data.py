"""How fast do images reach a model, and how does that compare with the usual ways?

Three parts, each a set of JSON lines:

    batches      shuffled batches of one set of images: ours as in training, from packed images and in either layout of
                 colour images; torch's DataLoader over a plain `__getitem__` without and with worker processes; h5py
                 from files with chunks of one image, of one image compressed, and of 64 images compressed
    first-batch  from the start of a process to the first batch of packed dSprites, imports apart
    device       a batch gathered on a CUDA device, by its own clock, and batches copied there from main memory

Runs are interleaved: each repeat times a slice of every way in turn. A line holds medians of wall time and of the CPU
time of the process and its workers, and how many times ours each is. Where the load says that the machine was busy, the
CPU time is the one to compare.

    python benchmarks/data.py batches first-batch --threads 1 --out evidence/benchmarks/data.jsonl
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from lines import line, write
from torch import Tensor
from torch.utils.data import DataLoader, RandomSampler
from torch.utils.data import Dataset as TorchDataset

from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.host_images import HostImages
from disentangle_eval.data.image_store import StoredImages
from disentangle_eval.data.images import BitImages, ByteImages
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.runtime.devices import choose_device, describe_device
from disentangle_eval.training.step import TrainingStep

PARTS = ("batches", "first-batch", "device")
SEED = 0
CPU = torch.device("cpu")
OURS = "ours"
FEWEST, MOST = 8, 400
BUSY = 4.0


class Way:
    """A way of getting batches: `next` gets one, `workers` are the processes that help."""

    def __init__(self, next_: Callable[[], Tensor], workers: Callable[[], list[int]] = list) -> None:
        self.next = next_
        self.workers = workers
        # What a way had ready before its slice began is not timed.
        self.ready = 0
        self.batches = FEWEST

    def calibrate(self, seconds: float) -> None:
        """Choose how many batches make a slice of about that length."""
        wall, _ = self.slice()
        self.batches = int(min(MOST, max(FEWEST, seconds / (wall / self.batches))))

    def slice(self) -> tuple[float, float]:
        """Wall and CPU seconds of a slice of batches."""
        for _ in range(self.ready):
            self.next()
        cpu, wall = self._cpu(), time.perf_counter()
        for _ in range(self.batches):
            self.next()
        return time.perf_counter() - wall, self._cpu() - cpu

    def _cpu(self) -> float:
        return time.process_time() + sum(map(cpu_of, self.workers()))


def cpu_of(process: int) -> float:
    """CPU seconds another process has taken, to 10 ms; 0 where there is no /proc."""
    status = Path(f"/proc/{process}/stat")
    if not status.exists():
        return 0.0
    user, system = status.read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------- the ways


class PlainImages(TorchDataset[Tensor]):
    """The data set as it is usually written: an image at a time."""

    def __init__(self, pixels: np.ndarray, scale: float) -> None:
        self.pixels = pixels
        self.scale = scale

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(self.pixels[index]).float() / self.scale


def training(store: StoredImages, batch: int) -> Way:
    return Way(TrainingStep(ImageDataset("benchmark", "0" * 64, store), batch, SEED, CPU).images)


def loader(pixels: np.ndarray, scale: float, batch: int, workers: int) -> Way:
    """One epoch without an end, so that none is started while it is timed."""
    images = PlainImages(pixels, scale)
    order = RandomSampler(images, replacement=True, num_samples=2**40, generator=torch.Generator().manual_seed(SEED))
    batches: Any = iter(DataLoader(images, batch, sampler=order, num_workers=workers))
    way = Way(functools.partial(next, batches), lambda: [worker.pid for worker in getattr(batches, "_workers", [])])
    way.ready = 2 * workers
    return way


def hdf5(images: h5py.Dataset, scale: float, batch: int) -> Way:
    random = np.random.default_rng(SEED)

    def next_() -> Tensor:
        index = np.sort(random.choice(len(images), batch, replace=False, shuffle=False))
        return torch.from_numpy(images[index]).float() / scale

    return Way(next_)


LAYOUTS: dict[str, tuple[int, str | None]] = {
    "h5py chunks of 1": (1, None),
    "h5py chunks of 1, gzip": (1, "gzip"),
    "h5py chunks of 64, gzip": (64, "gzip"),
}


def ways(stores: dict[str, StoredImages], pixels: np.ndarray, scale: float, batch: int, folder: Path) -> dict[str, Way]:
    """Every way of getting the same images; `pixels` (N, C, H, W) uint8 are `scale` where an image is 1."""
    found = {name: training(store, batch) for name, store in stores.items()}
    for workers in (0, 2):
        found[f"DataLoader, {workers} workers"] = loader(pixels, scale, batch, workers)
    for position, (name, (chunk, compression)) in enumerate(LAYOUTS.items()):
        path = folder / f"{pixels.shape[1]}-{position}.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset("images", data=pixels, chunks=(chunk, *pixels.shape[1:]), compression=compression)
        found[name] = hdf5(h5py.File(path, "r")["images"], scale, batch)
    return found


def dsprites(count: int) -> tuple[dict[str, StoredImages], np.ndarray]:
    """Some images of dSprites, as bits and as bytes of 0 and 1."""
    store: Any = open_dataset("dsprites", None).store  # type: ignore[attr-defined]
    chosen = np.random.default_rng(SEED).choice(len(store), count, replace=False)
    packed = store.packed.numpy()[np.sort(chosen)]
    pixels = np.unpackbits(packed, axis=1).reshape(-1, *store.shape)
    return {OURS: BitImages(torch.from_numpy(packed), store.shape)}, pixels


def colour(count: int) -> tuple[dict[str, StoredImages], np.ndarray]:
    """Some images of Color-dSprites as bytes, in either layout."""
    data = open_dataset("color-dsprites-locatello", None)
    chosen = np.random.default_rng(SEED).choice(len(data), count, replace=False)
    pieces = torch.from_numpy(np.sort(chosen)).split(1024)
    pixels = torch.cat([(255 * data.images(piece)).round().to(torch.uint8).contiguous() for piece in pieces])
    last = pixels.contiguous(memory_format=torch.channels_last)
    return {OURS: ByteImages(pixels), "ours, stored channels last": ByteImages(last)}, pixels.numpy()


SETS: dict[str, tuple[Callable[[int], tuple[dict[str, StoredImages], np.ndarray]], int, float]] = {
    "dsprites, 1 x 64 x 64 bits": (dsprites, 32768, 1.0),
    "color-dsprites-locatello, 3 x 64 x 64 bytes": (colour, 16384, 255.0),
}


# ---------------------------------------------------------------- the parts


def batches(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        sets = {}
        for name, (make, count, scale) in SETS.items():
            stores, pixels = make(count)
            sets[name] = ways(stores, pixels, scale, options.batch, Path(folder))
        every = [(name, way, method) for name, found in sets.items() for way, method in found.items()]
        for _, _, method in every:
            method.slice()
            method.calibrate(options.seconds)
        load = os.getloadavg()[0]
        taken: dict[tuple[str, str], list[tuple[float, float]]] = {(name, way): [] for name, way, _ in every}
        for _ in range(options.repeats):
            for name, way, method in every:
                wall, cpu = method.slice()
                taken[name, way].append((wall / method.batches, cpu / method.batches))
        for name, way, method in every:
            wall, cpu = zip(*taken[name, way], strict=True)
            our_wall, our_cpu = zip(*taken[name, OURS], strict=True)
            yield {
                "images": name,
                "way": way,
                "batch": options.batch,
                "batches_per_second": round(1 / statistics.median(wall), 1),
                "milliseconds": spread(wall),
                "cpu_milliseconds": spread(cpu),
                "times_ours": round(statistics.median(wall) / statistics.median(our_wall), 2),
                "cpu_times_ours": round(statistics.median(cpu) / statistics.median(our_cpu), 2),
                "repeats": options.repeats,
                "batches_a_repeat": method.batches,
                "load": [round(load, 1), round(os.getloadavg()[0], 1)],
                "machine": "busy" if max(load, os.getloadavg()[0]) > BUSY else "calm",
            }


FIRST_BATCH = """
import json, time
begin = time.perf_counter(), time.process_time()
import torch
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.training.step import TrainingStep
import disentangle_eval.data.sets.dsprites
imported = time.perf_counter(), time.process_time()
cpu = torch.device("cpu")
TrainingStep(open_dataset("dsprites", None).to(cpu), {batch}, 0, cpu).images()
end = time.perf_counter(), time.process_time()
print(json.dumps([[imported[i] - begin[i], end[i] - imported[i]] for i in range(2)]))
"""


def first_batch(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    open_dataset("dsprites", None)
    load = os.getloadavg()[0]
    runs = []
    for _ in range(options.repeats):
        command = [sys.executable, "-c", FIRST_BATCH.format(batch=options.batch)]
        runs.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    yield {
        "images": "dsprites",
        "batch": options.batch,
        "seconds": round(statistics.median(wall[1] for wall, _ in runs), 3),
        "milliseconds": spread([wall[1] for wall, _ in runs]),
        "cpu_milliseconds": spread([cpu[1] for _, cpu in runs]),
        "import_milliseconds": spread([wall[0] for wall, _ in runs]),
        "import_cpu_milliseconds": spread([cpu[0] for _, cpu in runs]),
        "repeats": options.repeats,
        "load": [round(load, 1), round(os.getloadavg()[0], 1)],
        "machine": "busy" if max(load, os.getloadavg()[0]) > BUSY else "calm",
    }


def on_device(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    device = choose_device("cuda")
    for name, (make, count, _) in SETS.items():
        for way, store in make(count)[0].items():
            placed = {way: store.onto(device), f"{way}, in main memory": HostImages(store, device)}
            for place, images in placed.items():
                step = TrainingStep(ImageDataset("benchmark", "0" * 64, images), options.batch, SEED, device)
                microseconds = [device_microseconds(step.images, 100) for _ in range(options.repeats + 1)][1:]
                step.close()
                yield {
                    "images": name,
                    "way": place,
                    "batch": options.batch,
                    "microseconds": round(statistics.median(microseconds), 2),
                    "quartiles": statistics.quantiles(microseconds, n=4),
                    "repeats": options.repeats,
                    "batches_a_repeat": 100,
                }


def device_microseconds(run: Callable[[], Tensor], times: int) -> float:
    """What a call takes a device, from the first of some calls to the last."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(times):
        run()
    end.record()
    end.synchronize()
    return 1e3 * start.elapsed_time(end) / times


def spread(seconds: Any) -> dict[str, float]:
    low, middle, high = (round(1e3 * value, 4) for value in statistics.quantiles(seconds, n=4))
    return {"median": middle, "lower_quartile": low, "upper_quartile": high}


RUN = {"batches": batches, "first-batch": first_batch, "device": on_device}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.4, help="length of a slice")
    parser.add_argument("--out", type=Path, help="file the lines are added to; standard output when left out")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    for part in options.parts:
        for found in RUN[part](options):
            hardware = describe_device(torch.device("cuda") if part == "device" else CPU)
            found = {"part": part, "seed": SEED, **found, "h5py": version("h5py")}
            write(line("data", found, hardware), options.out)


if __name__ == "__main__":
    main()
