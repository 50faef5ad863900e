"""Markdown tables of finished, scored runs: what was run, the scores of one run, and the scores of several."""

from __future__ import annotations

import math
import shlex
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from disentangle_eval.config import NONE, defaults, flat, resolve, settings_of
from disentangle_eval.intervals import mean_interval
from disentangle_eval.registry.lookup import load_registry
from disentangle_eval.study.comparing import compare
from disentangle_eval.study.comparison import Comparison
from disentangle_eval.study.runs import read_run
from disentangle_eval.study.tables import correlation_rows, difference_rows, markdown_table, score_tables
from disentangle_eval.training.folder import RunFolder, read_lines
from disentangle_eval.training.setting_names import flags

Record = Mapping[str, Any]
Runs = Sequence[tuple[str, RunFolder]]  # pairs of a model's name and one of its runs; runs of one name differ in seed


class Protocol(NamedTuple):
    """Scores of one protocol of a metric on one data set, which may share a column."""

    metric: str
    protocol: str
    dataset: str


class Score(NamedTuple):
    """The value of a metric and, if the metric has one, its chance level."""

    value: float
    chance: float | None


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, ["---"] * len(heads), *rows))


# ---------------------------------------------------------------- one run


def run_facts(run: RunFolder) -> str:
    """Command, data, seed, length, hardware and versions of a run."""
    written = run.read_run()
    rows = {
        "command": f"`{command_of(run)}`",
        "data": f"{written['data']['name']}, sha256 {written['data']['sha256'][:12]}",
        "seed": written["seed"],
        "iterations": f"{iterations(run):,}",
        "hardware": written["hardware"],
        "time": f"{time_taken(run)} (median; the machine did other work too)",
        "versions": ", ".join(f"{name} {version}" for name, version in written["versions"].items()),
    }
    return table(["", ""], [[name, str(value)] for name, value in rows.items()])


def run_scores(run: RunFolder) -> str:
    """The last checkpoint's scores, one row per metric and protocol."""
    rows = [
        [
            f"`{result['metric']}`",
            f"`{result['settings']['protocol']}`",
            result["dataset"],
            f"**{number(result['value'])}**",
            result["better"],
            "" if result["chance"] is None else f"{result['chance']:.3f}",
            str(result["seed"]),
            f"{result['seconds']:.1f}",
        ]
        for result in last_results(run)
    ]
    return table(["metric", "protocol", "data", "score", "better", "chance", "seed", "seconds"], rows)


def run_course(run: RunFolder) -> str:
    """Every protocol that was scored at several iterations, bounds and reconstruction, one row per iteration."""
    log = {line["iteration"]: line for line in read_lines(run.log)}
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for result in newest(read_lines(run.results)):
        found[result["metric"], result["settings"]["protocol"]][result["iteration"]] = result["value"]
    columns = {key: values for key, values in found.items() if len(values) > 1}
    logged = {"I_L (nats)": "lower_bound", "I_U (nats)": "upper_bound"}
    # The term of that name is in nats where it is a VAE's.
    if any("total_kl" in line for line in log.values()):
        logged["reconstruction (nats)"] = "reconstruction"
    terms = {head: name for head, name in logged.items() if any(name in line for line in log.values())}
    rows = [
        [
            f"{iteration:,}",
            *(f"{values[iteration]:.4f}" if iteration in values else "" for values in columns.values()),
            *(f"{log[iteration][name]:.2f}" if iteration in log else "" for name in terms.values()),
        ]
        for iteration in sorted({iteration for values in columns.values() for iteration in values})
    ]
    return table(["iteration", *(f"`{metric}` `{protocol}`" for metric, protocol in columns), *terms], rows)


# ---------------------------------------------------------------- several runs


def facts(runs: Runs) -> str:
    """Seed, length, time and hardware, one row per run."""
    rows = []
    for name, run in runs:
        written = run.read_run()
        rows.append([name, str(written["seed"]), f"{iterations(run):,}", time_taken(run), written["hardware"]])
    return table(["model", "seed", "iterations", "time", "hardware"], rows)


def scores(runs: Runs) -> str:
    """One row per model and one column per protocol that several models have; the last row is chance.

    Several seeds give mean, standard deviation and number. Where chance depends on the code, it follows each score in
    brackets.
    """
    found: dict[str, dict[Protocol, list[Score]]] = defaultdict(lambda: defaultdict(list))
    for name, run in runs:
        for protocol, score in scores_of(run).items():
            found[name][protocol].append(score)
    counts = Counter(protocol for by_protocol in found.values() for protocol in by_protocol)
    columns = sorted(protocol for protocol, count in counts.items() if count > 1 or len(found) == 1)
    chances = {column: {mean_chance(by[column]) for by in found.values() if by[column]} for column in columns}
    rows = []
    for name, by_protocol in found.items():
        cells = []
        for column in columns:
            cell = shown([score.value for score in by_protocol[column]])
            own = f" ({mean_chance(by_protocol[column])})" if cell and len(chances[column]) > 1 else ""
            cells.append(cell + own)
        rows.append([name, *cells])
    shared = [next(iter(chances[column])) if len(chances[column]) == 1 else "in brackets" for column in columns]
    return table(["model", *map(heading, columns)], [*rows, ["chance", *shared]])


def course_of_seeds(runs: Runs) -> str:
    """Protocols that were scored at several iterations, and the logged reconstruction, over the seeds of each model."""
    scored: dict[tuple[str, int], dict[tuple[str, str], list[float]]] = defaultdict(lambda: defaultdict(list))
    logged: dict[tuple[str, int], list[float]] = defaultdict(list)
    for name, run in runs:
        log = {line["iteration"]: line["reconstruction"] for line in read_lines(run.log)}
        results = newest(read_lines(run.results))
        for result in results:
            scored[name, result["iteration"]][result["metric"], result["settings"]["protocol"]].append(result["value"])
        for iteration in {result["iteration"] for result in results}:
            logged[name, iteration].append(log[iteration])
    counts = Counter(protocol for by_protocol in scored.values() for protocol in by_protocol)
    models = {name for name, _ in runs}
    columns = [protocol for protocol, count in counts.items() if count > len(models)]
    rows = [
        [name, f"{at:,}", f"{statistics.fmean(logged[name, at]):.1f}", *(over_seeds(by[column]) for column in columns)]
        for (name, at), by in sorted(scored.items(), key=lambda item: ([*dict(runs)].index(item[0][0]), item[0][1]))
    ]
    return table(["model", "iteration", "reconstruction (nats)", *(f"`{a}` `{b}`" for a, b in columns)], rows)


def each_run(runs: Runs) -> str:
    """One row per run and one column per protocol."""
    measured = [(name, run, scores_of(run)) for name, run in runs]
    columns = sorted({protocol for _, _, by_protocol in measured for protocol in by_protocol})
    forms = {column: form([by[column].value for *_, by in measured if column in by]) for column in columns}
    rows = [
        [
            name,
            str(run.read_run()["seed"]),
            *(f"{by[column].value:{forms[column]}}" if column in by else "" for column in columns),
        ]
        for name, run, by in measured
        if by
    ]
    return table(["model", "seed", *map(heading, columns)], rows)


def each_setting(runs: Runs) -> str:
    """As `each_run`, with the options by which the commands differ in place of the models' names."""
    commands = [options(command_of(run)) for _, run in runs]
    rows = []
    for (_, run), command in zip(runs, commands, strict=True):
        score = max(scores_of(run).items())[1]
        rows.append([f"`{command}`", str(run.read_run()["seed"]), shown([score.value])])
    return table(["settings", "seed", "accuracy"], rows)


def compared_scores(runs: Runs) -> str:
    """The tables of scores that `deval compare --markdown` prints for these runs."""
    return "\n".join(f"{markdown_table(rows)}\n" for _, rows in score_tables(compared(runs)))


def compared_correlations(runs: Runs) -> str:
    """The table of correlations that `deval compare --markdown` prints for these runs."""
    return f"{markdown_table(correlation_rows(compared(runs)))}\n"


def compared_differences(runs: Runs) -> str:
    """The paired differences that `deval compare` prints for the runs of each model, in one table."""
    by_model: dict[str, list[tuple[str, RunFolder]]] = defaultdict(list)
    for name, run in runs:
        by_model[read_run(run.root).model].append((name, run))
    tables = [difference_rows(compared(same)) for same in by_model.values()]
    return f"{markdown_table([*tables[0], *(row for _, *rows in tables[1:] for row in rows)])}\n"


def behind_the_first(runs: Runs) -> str:
    """How much higher the first model scores than each other, over the seeds that both have: mean and 95% interval."""
    found = compared(runs)
    leader = read_run(runs[0][1].root).model
    cells: dict[str, dict[str, str]] = defaultdict(dict)
    for difference in found.differences:
        pair = [difference.first, difference.second]
        if leader in pair:
            sign = 1 if difference.first == leader else -1
            pair.remove(leader)
            ends = sorted(sign * end for end in difference.interval)
            digits = f"+{form(ends)}"
            cells[pair[0]][difference.column] = f"{sign * difference.mean:{digits}} {span(ends, digits)}"
    columns = [column.title for column in found.columns]
    rows = [[f"`{other}`", *(cells[other].get(column, "") for column in columns)] for other in cells]
    return table([f"`{leader}` minus", *(f"`{column}`" for column in columns)], rows)


def commands(runs: Runs) -> str:
    """The commands of the runs, as a code block."""
    return "```sh\n" + "".join(f"{command_of(run)}\n" for _, run in runs) + "```\n"


# ---------------------------------------------------------------- parts


def compared(runs: Runs) -> Comparison:
    return compare([read_run(run.root) for _, run in runs])


def command_of(run: RunFolder) -> str:
    """The command that trains a run today: the recorded one, with options for what presets and defaults have changed.

    A setting that a run does not record did not exist then; the default of its class leaves training as it was.
    """
    written = run.read_run()
    command: str = written["settings"]["command"]
    words = shlex.split(command)
    registry = load_registry()
    config = registry.resolve(registry.find_model(written["model"]), "config")
    today = flat(resolve(config, written["dataset"], written["settings"].get("preset"), {}))
    was = defaults(config) | flat(written["config"])
    for name, field in settings_of(config).items():
        is_switch = field.annotation is bool
        names = flags(name, is_switch)
        if plain(was[name]) != plain(today[name]) and not set(names) & set(words):
            typed = NONE if was[name] is None else was[name]
            command += f" {names[0 if was[name] else 1]}" if is_switch else f" {names[0]} {typed}"
    return command


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def options(command: str) -> str:
    """What sets a command apart: without the program, model, data set, seed, threads, precision and folder."""
    words = shlex.split(command)[3:]
    dropped = {"--dataset", "--seed", "--threads", "--out", "--precision"}
    pairs = [words[i : i + 2] for i in range(0, len(words), 2)]
    return " ".join(" ".join(pair) for pair in pairs if pair[0] not in dropped)


def heading(column: Protocol) -> str:
    return f"`{column.metric}` `{column.protocol}`"


def iterations(run: RunFolder) -> int:
    last: int = read_lines(run.speed)[-1]["iteration"]
    return last


def time_taken(run: RunFolder) -> str:
    """Minutes of training, and the median speed."""
    speeds = read_lines(run.speed)
    rate = statistics.median(line["iterations_per_second"] for line in speeds)
    ends = [0, *(line["iteration"] for line in speeds)]
    seconds = sum((ends[i + 1] - ends[i]) / line["iterations_per_second"] for i, line in enumerate(speeds))
    return f"{seconds / 60:.0f} minutes, {rate:.1f} iterations/s"


def last_results(run: RunFolder) -> list[dict[str, Any]]:
    """The results of a run's last scored checkpoint."""
    results = newest(read_lines(run.results))
    last = max((result["iteration"] for result in results), default=0)
    return [result for result in results if result["iteration"] == last]


def newest(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last result of each iteration, metric, protocol, data set and seed."""
    keys = [(r["iteration"], r["metric"], r["settings"]["protocol"], r["dataset"], r["seed"]) for r in results]
    return list(dict(zip(keys, results, strict=True)).values())


def scores_of(run: RunFolder) -> dict[Protocol, Score]:
    """The scores of a run's last checkpoint; several seeds of a metric's draws are one measurement, their mean."""
    results: dict[Protocol, list[Record]] = defaultdict(list)
    for result in last_results(run):
        results[Protocol(result["metric"], result["settings"]["protocol"], result["dataset"])].append(result)
    return {
        protocol: Score(
            statistics.fmean(result["value"] for result in drawn),
            None if drawn[0]["chance"] is None else statistics.fmean(result["chance"] for result in drawn),
        )
        for protocol, drawn in results.items()
    }


def mean_chance(scores: Sequence[Score]) -> str:
    """Chance over the runs of a model; empty for a metric without one."""
    chances = [score.chance for score in scores if score.chance is not None]
    return f"{statistics.fmean(chances):.3f}" if chances else ""


def shown(values: Sequence[float]) -> str:
    """One score with three digits after the point; several as mean ± standard deviation (number)."""
    if len(values) < 2:
        return "".join(f"{value:.3f}" for value in values)
    return f"{statistics.fmean(values):.3f} ± {statistics.stdev(values):.3f} ({len(values)})"


def over_seeds(values: Sequence[float]) -> str:
    """The mean of scores with its 95% interval and their number."""
    if not (interval := mean_interval(values)):
        return shown(values)
    return f"{statistics.fmean(values):.3f} {span(interval)} ({len(values)})"


def span(interval: Sequence[float], digits: str = ".3f") -> str:
    """The two ends of an interval in brackets."""
    low, high = interval
    return f"[{low:{digits}}, {high:{digits}}]"


def form(values: Sequence[float]) -> str:
    """The format of numbers that are read together: three digits after the point, or two significant ones of the
    greatest.
    """
    greatest = max(map(abs, values), default=0)
    return f".{max(3, 1 - math.floor(math.log10(greatest))) if greatest else 3}f"


def number(value: float) -> str:
    """Four digits after the point, or two significant ones where those would be zero."""
    return f"{value:.4f}" if value == 0 or abs(value) >= 1e-3 else f"{value:.2g}"
