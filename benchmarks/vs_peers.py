"""What does a training iteration cost on a CPU, next to the code that others publish?

Every contestant trains on dSprites in a process of its own, one slice of iterations at a time while the others wait;
each repeat goes through all of them, so that a machine whose speed drifts is fair to all. Ratios are taken within a
repeat, peer over ours; lines hold medians over repeats of wall and CPU time.

    python benchmarks/vs_peers.py --peers ../peers --precision float32 bf16 --out evidence/benchmarks/vs_peers.jsonl
    python benchmarks/vs_peers.py factorvae ibgan --peers ../peers --side-by-side
    python benchmarks/vs_peers.py factorvae --peers ../peers --learned checkpoint.pt

At the end it prints what was found next to the floor of each model, from the lines of `floor.py`.

`--peers` is a folder with the peers' code; what is missing there is cloned at the commits below or installed with
pip, without dependencies. --side-by-side sets two seeds of ours at once, a process and one thread each, against one
process of each peer with all threads; times of ours are then for one iteration of one seed. With --learned networks
begin with the weights of a checkpoint of ours; only peers that take our networks compete then.

What is compared:
- Each peer's own networks, losses, optimisers and training loop run unmodified. Only the data loader is replaced: peers
  get batches that lie in memory as float32, while ours gathers its own from the packed data set. That favours the
  peers. So does what is left out of theirs: their periodic logging, pictures and checkpoints.
- Ours is an iteration of `deval train` with its defaults for dSprites, the terms of its log included.
- Networks are what each publishes; compare the parameters that stand in each line. pythae publishes none of this kind
  and gets ours. The FactorVAE of pythae halves its batch into images to reconstruct and images to permute, so it is
  given 128 images, as many as an iteration of the others uses.
- The optimisers of 1Konny's FactorVAE and of IB-GAN step between two backward passes through one graph, which PyTorch
  refuses since 1.5; here they step without autograd being told, which is what the versions they were written for did.
- visdom is replaced by an empty module. disent trains under Lightning's Trainer, with its progress bar off.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from lines import Line, line, read, write
from performance_tables import overview
from torch import Tensor, nn

from disentangle_eval import checkpoint as checkpoints
from disentangle_eval.config import resolve
from disentangle_eval.metrics.images.fidelity_import import fidelity
from disentangle_eval.opening.datasets import open_dataset
from disentangle_eval.opening.models import build_model
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.runtime.devices import describe_device
from disentangle_eval.runtime.host_memory import keep_freed_memory
from disentangle_eval.training.precision import Precision
from disentangle_eval.training.training import Training

SEED = 0
DATASET = "dsprites"
BATCH = 64
BATCHES_HELD = 32
WARM_UP = 3
ENDLESS = 10**9
PATIENCE = 20
CPU = torch.device("cpu")
FLOORS = Path(__file__).parents[1] / "evidence" / "benchmarks" / "floor.jsonl"
CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"

REPOSITORIES = {
    "1Konny/FactorVAE": "8c97b1fc6150fa8f9241468b2c687b83335543d4",
    "1Konny/Beta-VAE": "977a1ece88e190dd8a556b4e2efb665f759d0772",
    "insujeon/IB-GAN": "2f7b4765769d2d53a85e09b472eec88419973e48",
}
PACKAGES = {
    "pythae": "0.1.2",
    "disent": "0.8.0",
    "lightning": "2.6.6",
    "lightning-utilities": "0.15.3",
    "torchmetrics": "1.9.0",
    "cloudpickle": "3.1.3",
    "PyYAML": "6.0.4",
}

# ---------------------------------------------------------------- the peers' code


def prepare(peers: Path) -> None:
    """Clone and install what the folder lacks."""
    for repository, commit in REPOSITORIES.items():
        clone = clone_of(peers, repository)
        if not clone.exists():
            git = ["git", "-C", str(clone)]
            url = f"https://github.com/{repository}.git"
            subprocess.run(["git", "clone", "--filter=blob:none", "--no-checkout", url, str(clone)], check=True)
            subprocess.run([*git, "sparse-checkout", "set", "--no-cone", "*.py"], check=True)
            subprocess.run([*git, "checkout", "--detach", commit], check=True)
    if not packages_in(peers).exists():
        wanted = [f"{name}=={version}" for name, version in PACKAGES.items()]
        target = ["--target", str(packages_in(peers)), "--no-deps", "-c", str(CONSTRAINTS)]
        subprocess.run([sys.executable, "-m", "pip", "install", *target, *wanted], check=True)


def clone_of(peers: Path, repository: str) -> Path:
    return peers / repository.replace("/", "-")


def packages_in(peers: Path) -> Path:
    return peers / "pip"


def source(peers: Path, name: str) -> dict[str, str]:
    """Commit or version of what the folder holds."""
    if name in REPOSITORIES:
        head = ["git", "-C", str(clone_of(peers, name)), "rev-parse", "HEAD"]
        return {"repository": name, "commit": subprocess.check_output(head, text=True).strip()}
    [found] = importlib.metadata.distributions(name=name, path=[str(packages_in(peers))])
    return {"package": name, "version": found.version}


# ---------------------------------------------------------------- slices of a training loop


@dataclass(frozen=True)
class Setting:
    """The task of a contestant. `scratch` is a folder for what its loop writes; it holds the batches too.

    `settings` are those of ours that differ from its defaults; `learned` is a checkpoint of ours to begin with, if any.
    """

    model: str
    precision: Precision
    threads: int
    seed: int
    peers: Path
    scratch: Path
    settings: dict[str, Any]
    learned: Path | None


class Slices:
    """The data loader of a contestant's loop: hands out batches when the other end of the pipe requests some, and
    answers with the CPU seconds from the first of them until the loop asked for one more. Asked for None, it ends all.
    """

    # Loops ask for the number of images.
    dataset = range(ENDLESS)

    def __init__(self, pipe: Connection, batches: Sequence[Any] = (None,)) -> None:
        self.pipe = pipe
        self.batches = batches

    def __iter__(self) -> Iterator[Any]:
        given = 0
        while True:
            iterations = self.pipe.recv()
            if iterations is None:
                raise SystemExit
            start = time.process_time()
            for _ in range(iterations):
                yield self.batches[given % len(self.batches)]
                given += 1
            self.pipe.send(time.process_time() - start)

    def __len__(self) -> int:
        return ENDLESS


Loop = Callable[[Slices], object]
# Loads its code and its batches; returns its networks, its batches as its loop takes them, and the loop.
Contestant = Callable[[Setting], tuple[Iterable[nn.Module], Sequence[Any], Loop]]


def compete(contestant: str, setting: Setting, pipe: Connection) -> None:
    """A contestant's process: sends the number of its parameters, then trains for ever, in slices."""
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    os.chdir(setting.scratch)
    torch.set_num_threads(setting.threads)
    torch.manual_seed(setting.seed)
    try:
        networks, batches, loop = CONTESTANTS[contestant](setting)
        pipe.send(sum(weight.numel() for network in networks for weight in network.parameters()))
        loop(Slices(pipe, batches))
    except Exception:
        pipe.send(traceback.format_exc())


class Worker:
    """The other end: a contestant's process, which works on request."""

    def __init__(self, contestant: str, setting: Setting) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=compete, args=(contestant, setting, other), daemon=True)
        self.process.start()
        # Else the end of the process would not end the wait for its answer.
        other.close()
        self.contestant = contestant

    def start(self, iterations: int) -> None:
        self.pipe.send(iterations)

    def answer(self) -> Any:
        received = self.pipe.recv()
        if isinstance(received, str):
            raise RuntimeError(f"{self.contestant} failed:\n{received}")
        return received

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.pipe.send(None)
        self.process.join(PATIENCE)
        self.process.kill()


# ---------------------------------------------------------------- ours


def ours(setting: Setting) -> tuple[Iterable[nn.Module], Sequence[Any], Loop]:
    keep_freed_memory()
    registry = load_registry()
    record = registry.find_model(setting.model)
    data = open_dataset(DATASET, None)
    cfg = resolve(registry.resolve(record, "config"), DATASET, None, {"batch_size": BATCH, **setting.settings})
    model = build_model(registry.resolve(record), cfg, data.shape, setting.seed)
    training = Training(model, data, cfg, setting.seed, CPU, precision=setting.precision)
    if setting.learned is not None:
        checkpoint = checkpoints.load(setting.learned)
        training.restore(checkpoint.weights, checkpoint.train, checkpoint.iteration)

    def loop(slices: Slices) -> None:
        for _ in slices:
            training.advance(1)

    return [training.model], [None], loop


# ---------------------------------------------------------------- the peers


def konny_factorvae(setting: Setting) -> tuple[Iterable[nn.Module], Sequence[Any], Loop]:
    module = import_solver(setting, "1Konny/FactorVAE")
    rates = {"lr_VAE": 1e-4, "beta1_VAE": 0.9, "beta2_VAE": 0.999, "lr_D": 1e-4, "beta1_D": 0.5, "beta2_D": 0.9}
    solver = module.Solver(SimpleNamespace(**common(setting), **rates, gamma=6.4, print_iter=ENDLESS))
    step_unseen(solver.optim_VAE)
    images = held_batches(setting)
    return [solver.VAE, solver.D], list(zip(images, reversed(images), strict=True)), loop_of_solver(solver)


def konny_beta_vae(setting: Setting) -> tuple[Iterable[nn.Module], Sequence[Any], Loop]:
    module = import_solver(setting, "1Konny/Beta-VAE")
    objective = {"objective": "H", "model": "H", "beta": 4, "gamma": 100, "C_max": 20, "C_stop_iter": 1e5}
    rates = {"lr": 1e-4, "beta1": 0.9, "beta2": 0.999}
    never = dict.fromkeys(("gather_step", "display_step", "save_step"), ENDLESS)
    solver = module.Solver(SimpleNamespace(**common(setting), **objective, **rates, **never))
    return [solver.net], held_batches(setting), loop_of_solver(solver)


def reference_ibgan(setting: Setting) -> tuple[Iterable[nn.Module], Sequence[Any], Loop]:
    module = import_solver(setting, "insujeon/IB-GAN")
    rates = {"optim": "rmsprop", "D_lr": 1e-6, "G_lr": 5e-5, "R_lr": 5e-5}
    weights = {"beta": 0.141, "gamma": 1, "alpha": 1, "z_bias": 0}
    sizes = {"r_dim": 10, "ngf": 16, "ndf": 16, "sample_num": 100, "mi_sample_num": 10_000}
    never = dict.fromkeys(("logiter", "ptriter", "ckptiter"), ENDLESS)
    others = {"load_ckpt": -1, "init_type": "normal", "viz": False, "save_img": False}
    settings = {**common(setting), **rates, **weights, **sizes, **never, **others, "z_dim": 16}
    solver = module.Solver(SimpleNamespace(**settings))
    step_unseen(solver.D_optim)
    images = [2 * batch - 1 for batch in held_batches(setting)]
    pairs = list(zip(images, reversed(images), strict=True))
    return [solver.G, solver.DR], pairs, loop_of_solver(solver, lambda slices: {"train": slices})


def import_solver(setting: Setting, repository: str) -> Any:
    """The module `solver` of a repository, its data loading and visdom replaced."""
    sys.path.insert(0, str(clone_of(setting.peers, repository)))
    sys.modules["visdom"] = ModuleType("visdom")
    sys.modules["dataset"] = loading = ModuleType("dataset")
    loading.return_data = lambda args: None  # type: ignore[attr-defined]
    make_torchvision_importable()
    return importlib.import_module("solver")


def common(setting: Setting) -> dict[str, Any]:
    """What the arguments of all three solvers have, under every name they give it."""
    folders = {"dset_dir": ".", "ckpt_dir": ".", "output_dir": "."}
    names = {"name": "peer", "viz_name": "peer", "viz_port": 0, "viz_on": False, "output_save": False}
    never = {"ckpt_load": None, "ckpt_name": None, "ckpt_save_iter": ENDLESS, "save_output": False}
    what = {"dataset": DATASET, "batch_size": BATCH, "z_dim": 10, "cuda": False, "max_iter": ENDLESS}
    return {**folders, **names, **never, **what}


def loop_of_solver(solver: Any, loader: Callable[[Slices], Any] = lambda slices: slices) -> Loop:
    def loop(slices: Slices) -> None:
        solver.data_loader = loader(slices)
        solver.train()

    return loop


def step_unseen(optimiser: torch.optim.Optimizer) -> None:
    """Let an optimiser change its weights without autograd's knowing, as it did before PyTorch 1.5."""
    weights = tuple(weight for group in optimiser.param_groups for weight in group["params"])
    step = optimiser.step

    def unseen() -> None:
        with torch.autograd._unsafe_preserve_version_counter(weights):  # type: ignore[attr-defined]
            step()

    optimiser.step = unseen  # type: ignore[method-assign, assignment]


def pythae_beta_vae(setting: Setting) -> tuple[Iterable[nn.Module], Sequence[Any], Loop]:
    models, trainers = import_pythae(setting)
    model = pythae_model(setting, models.BetaVAE, models.BetaVAEConfig, beta=4.0)
    batches = held_batches(setting)
    return [model], pythae_batches(batches), pythae_loop(model, trainers.BaseTrainer, trainers.BaseTrainerConfig)


def pythae_factorvae(setting: Setting) -> tuple[Iterable[nn.Module], Sequence[Any], Loop]:
    models, trainers = import_pythae(setting)
    model = pythae_model(setting, models.FactorVAE, models.FactorVAEConfig, gamma=35.0)
    images = held_batches(setting)
    both = [torch.cat(pair) for pair in zip(images, reversed(images), strict=True)]
    loop = pythae_loop(model, trainers.AdversarialTrainer, trainers.AdversarialTrainerConfig)
    return [model], pythae_batches(both), loop


def import_pythae(setting: Setting) -> tuple[Any, Any]:
    sys.path.append(str(packages_in(setting.peers)))
    return importlib.import_module("pythae.models"), importlib.import_module("pythae.trainers")


def pythae_model(setting: Setting, kind: Any, config: Any, **weights: float) -> Any:
    """A model of pythae over the encoder and decoder of ours, as pythae wants them: heads split, a sigmoid last."""
    registry = load_registry()
    record = registry.find_model(setting.model)
    networks = importlib.import_module("disentangle_eval.nn.vae_networks")
    shape = open_dataset(DATASET, None).shape
    cfg = resolve(registry.resolve(record, "config"), DATASET, None, {})
    bases = importlib.import_module("pythae.models.nn")
    output = importlib.import_module("pythae.models.base.base_utils").ModelOutput

    class Encoder(bases.BaseEncoder):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layers = networks.encoder(cfg.networks, shape, cfg.hidden, cfg.width, 2 * cfg.latent_dim)

        def forward(self, x: Tensor) -> Any:
            mean, log_variance = self.layers(x).chunk(2, dim=1)
            return output(embedding=mean, log_covariance=log_variance)

    class Decoder(bases.BaseDecoder):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layers = networks.decoder(cfg.networks, shape, cfg.hidden, cfg.width, cfg.latent_dim)

        def forward(self, z: Tensor) -> Any:
            return output(reconstruction=self.layers(z).sigmoid())

    settings = config(input_dim=tuple(shape), latent_dim=cfg.latent_dim, reconstruction_loss="bce", **weights)
    both = {"encoder": Encoder(), "decoder": Decoder()}
    if setting.learned is not None:
        learned = checkpoints.load(setting.learned, train=False).weights
        for name, network in both.items():
            network.layers.load_state_dict(part_of(learned, f"{name}."))
    return kind(settings, **both)


def part_of(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def pythae_batches(batches: Sequence[Tensor]) -> list[Any]:
    output = importlib.import_module("pythae.data.datasets").DatasetOutput
    return [output(data=batch, labels=torch.ones(len(batch))) for batch in batches]


def pythae_loop(model: Any, trainer: Any, config: Any) -> Loop:
    dataset = importlib.import_module("pythae.data.datasets").BaseDataset

    def loop(slices: Slices) -> None:
        tried = slices.batches[0]
        run = trainer(
            model, dataset(tried["data"], tried["labels"]), training_config=config(output_dir=".", no_cuda=True)
        )
        run.train_loader = slices
        run.train()

    return loop


def disent_beta_vae(setting: Setting) -> tuple[Iterable[nn.Module], Sequence[Any], Loop]:
    sys.path.append(str(packages_in(setting.peers)))
    make_torchvision_importable()
    ae = importlib.import_module("disent.model.ae")
    kind = importlib.import_module("disent.frameworks.vae").BetaVae
    images = held_batches(setting)
    shape = tuple(images[0].shape[1:])
    networks = importlib.import_module("disent.model").AutoEncoder(
        ae.EncoderConv64(x_shape=shape, z_size=10, z_multiplier=2), ae.DecoderConv64(x_shape=shape, z_size=10)
    )
    cfg = kind.cfg(optimizer_kwargs={"lr": 1e-4}, recon_loss="bce", loss_reduction="mean_sum", beta=4)
    framework = kind(model=networks, cfg=cfg)

    def loop(slices: Slices) -> None:
        lightning = importlib.import_module("lightning")
        off = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
        lightning.Trainer(max_steps=ENDLESS, accelerator="cpu", **off).fit(framework, slices)

    return [framework], [{"x_targ": (batch,)} for batch in images], loop


def make_torchvision_importable() -> None:
    """Even where it was built for another torch: the peers import it, their training does not compute with it."""
    fidelity("metric_kid")


CONTESTANTS: dict[str, Contestant] = {
    "ours": ours,
    "factorvae 1Konny/FactorVAE": konny_factorvae,
    "factorvae pythae": pythae_factorvae,
    "beta-vae 1Konny/Beta-VAE": konny_beta_vae,
    "beta-vae pythae": pythae_beta_vae,
    "beta-vae disent": disent_beta_vae,
    "ibgan insujeon/IB-GAN": reference_ibgan,
}
MODELS = ("factorvae", "beta-vae", "ibgan")
TAKES_OUR_NETWORKS = ("factorvae pythae", "beta-vae pythae")


def save_batches(scratch: Path) -> None:
    data = open_dataset(DATASET, None)
    draw = torch.Generator().manual_seed(SEED)
    index = torch.randint(len(data), (BATCHES_HELD, BATCH), generator=draw)
    torch.save([data.images(rows).contiguous() for rows in index], scratch / "batches.pt")


def held_batches(setting: Setting) -> list[Tensor]:
    """(BATCH, 1, 64, 64) float32 each."""
    batches: list[Tensor] = torch.load(setting.scratch / "batches.pt", weights_only=True)
    return batches


# ---------------------------------------------------------------- the contest


@dataclass(frozen=True)
class Entry:
    """A contestant at a precision: `processes` of it work at the same moment, each with its threads and its seed."""

    name: str
    precision: Precision
    processes: int
    threads: int

    @property
    def is_ours(self) -> bool:
        return self.name == "ours"


def entries(model: str, options: argparse.Namespace) -> list[Entry]:
    peers = [name for name in (TAKES_OUR_NETWORKS if options.learned else CONTESTANTS) if name.startswith(f"{model} ")]
    mine = (2, 1) if options.side_by_side else (1, options.threads)
    return [Entry(name, "float32", 1, options.threads) for name in peers] + [
        Entry("ours", precision, *mine) for precision in options.precision
    ]


class Team:
    """The processes of an entry."""

    def __init__(self, entry: Entry, model: str, options: argparse.Namespace, scratch: Path) -> None:
        self.workers = [
            Worker(
                entry.name,
                Setting(
                    model=model,
                    precision=entry.precision,
                    threads=entry.threads,
                    seed=SEED + place,
                    peers=options.peers,
                    scratch=scratch,
                    settings=dict(options.set),
                    learned=options.learned,
                ),
            )
            for place in range(entry.processes)
        ]

    def parameters(self) -> int:
        """How many one of the processes trains; waits until all are ready. To be asked for once."""
        counts: list[int] = [worker.answer() for worker in self.workers]
        return counts[0]

    def run(self, iterations: int) -> tuple[float, float]:
        """Wall and CPU seconds for one iteration of one of the processes, all of them working at once."""
        start = time.perf_counter()
        for worker in self.workers:
            worker.start(iterations)
        cpu = sum(worker.answer() for worker in self.workers)
        done = iterations * len(self.workers)
        return (time.perf_counter() - start) / done, cpu / done

    def close(self) -> None:
        for worker in self.workers:
            worker.close()


Times = list[tuple[float, float]]


def contest(model: str, competing: Sequence[Entry], options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The fields of a line for each entry, measured interleaved."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        save_batches(scratch)
        teams = {}
        for entry in competing:
            teams[entry] = Team(entry, model, options, scratch)
            stack.callback(teams[entry].close)
        parameters = {entry: team.parameters() for entry, team in teams.items()}
        for team in teams.values():
            team.run(WARM_UP)
        times: dict[Entry, Times] = {entry: [] for entry in competing}
        for _ in range(options.repeats):
            for entry, team in teams.items():
                times[entry].append(team.run(options.iterations))
    for entry in competing:
        yield {
            "model": model,
            "contestant": entry.name.removeprefix(f"{model} "),
            "source": None if entry.is_ours else source(options.peers, entry.name.removeprefix(f"{model} ")),
            "precision": entry.precision,
            "settings": dict(options.set) if entry.is_ours else {},
            "parameters": parameters[entry],
            "processes": entry.processes,
            "threads_a_process": entry.threads,
            "milliseconds": summary(times[entry], place=0),
            "cpu_milliseconds": summary(times[entry], place=1),
            "times_ours": {} if entry.is_ours else ratios(times, entry),
        }


def summary(times: Times, place: int) -> dict[str, float]:
    low, middle, high = statistics.quantiles([1e3 * time[place] for time in times], n=4)
    return {"median": round(middle, 2), "lower_quartile": round(low, 2), "upper_quartile": round(high, 2)}


def ratios(times: dict[Entry, Times], peer: Entry) -> dict[str, dict[str, float]]:
    """By precision of ours, the median over repeats of the peer's time over ours, wall and CPU."""
    return {
        entry.precision: {
            clock: round(
                statistics.median(a[place] / b[place] for a, b in zip(times[peer], times[entry], strict=True)), 3
            )
            for place, clock in enumerate(("wall", "cpu"))
        }
        for entry in times
        if entry.is_ours
    }


def question(options: argparse.Namespace) -> str:
    if options.learned:
        return "vs_peers_learned"
    return "vs_peers_side_by_side" if options.side_by_side else "vs_peers"


def named_value(text: str) -> tuple[str, Any]:
    """`name=value`, the value as JSON."""
    name, _, value = text.partition("=")
    return name, json.loads(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help=f"of {', '.join(MODELS)}; all when left out")
    parser.add_argument(
        "--peers", type=Path, required=True, help="folder of the peers' code, filled where it lacks some"
    )
    parser.add_argument("--precision", nargs="+", default=["float32"], choices=["float32", "bf16"], help="of ours")
    parser.add_argument("--set", type=named_value, nargs="*", default=[], metavar="NAME=VALUE", help="settings of ours")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side-by-side", action="store_true", help="two seeds of ours at once, a thread each")
    parser.add_argument("--learned", type=Path, help="checkpoint of the model, with whose weights all begin")
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--iterations", type=int, default=5, help="iterations per repeat")
    parser.add_argument("--out", type=Path, help="file the lines are added to; standard output when left out")
    options = parser.parse_args()
    unknown = set(options.models) - set(MODELS)
    if unknown:
        parser.error(f"received {', '.join(sorted(unknown))}, expected some of {', '.join(MODELS)}")
    if options.learned and len(options.models) != 1:
        parser.error("--learned: name the model of the checkpoint alone")
    options.learned = options.learned and options.learned.resolve()
    options.peers = options.peers.resolve()
    options.peers.mkdir(parents=True, exist_ok=True)
    prepare(options.peers)
    torch.set_num_threads(options.threads)
    lines: list[Line] = []
    for model in options.models or MODELS:
        for fields in contest(model, entries(model, options), options):
            found = {
                "seed": SEED,
                "dataset": DATASET,
                "batch": BATCH,
                **fields,
                "repeats": options.repeats,
                "iterations_a_repeat": options.iterations,
            }
            lines.append(line(question(options), found, describe_device(CPU)))
            write(lines[-1], options.out)
    print(overview(lines, read(FLOORS)))


if __name__ == "__main__":
    main()
