"""What the pages on performance and reliability say about measurements is so."""

import re

from doc_pages import PAGES, evidence, read, says, table_of, tables_of

PAGE = "performance.md"


def test_the_first_sentence_is_the_overview():
    head, *rows = table_of(PAGE, "model", "CPU", "ours in")
    overview = [dict(zip(head, row, strict=True)) for row in rows]
    for precision, sentence in (
        ("float32", "{:.1f} to {:.1f} times as fast as the fastest other code that we measured, in float32"),
        ("bf16", "{:.1f} to {:.1f} times as fast in bf16"),
    ):
        ratios = [read(row["least ratio"]) for row in overview if row["ours in"] == precision]
        assert says(PAGE, sentence.format(min(ratios), max(ratios))), precision


def test_times_of_the_floor():
    head, *rows = table_of(PAGE, "model", "CPU", "ours in")
    times = {(row[0], row[1]): read(row[head.index("ours, ms")]) for row in rows if row[2] == "float32"}
    head, *rows = table_of(PAGE, "model", "GFLOP")
    floors = {(row[0], row[4]): read(row[head.index("arithmetic, ms")]) for row in rows}
    spans = []
    for cpu, maker in (("Xeon", "Intel"), ("EPYC", "AMD")):
        least = {model: floor for (model, device), floor in floors.items() if device.startswith(maker)}
        ratios = [time / least[model] for (model, name), time in times.items() if name == cpu]
        spans.append(f"{min(ratios):.1f} to {max(ratios):.1f}")
    assert says(
        PAGE, f"takes {spans[0]} times the floor of the arithmetic on the Xeon and {spans[1]} times on the EPYC"
    )


def test_start_of_a_run_and_of_a_trial():
    lines = evidence("benchmarks/scaling.jsonl")
    (start,) = [line for line in lines if line["question"] == "start"]
    assert says(PAGE, f"first iteration ends {start['wall_seconds']['median']:.1f} seconds after the imports")
    training = [line["training_seconds"] / line["trials"] for line in evidence("benchmarks/study_scaling.jsonl")]
    assert 0.4 < min(training) < max(training) < 0.7
    assert says(PAGE, "about half a second is training")


def test_six_metrics_of_a_study():
    names = ("factorvae", "higgins", "mig", "dci", "sap", "modularity-explicitness")
    lines = {
        line["task"]: line for line in evidence("benchmarks/metrics.jsonl") if line["hardware"].startswith("AMD EPYC,")
    }
    seconds = [lines[f"{name} dlib"]["cpu_seconds"] for name in names]
    assert says(
        PAGE, f"{sum(seconds):.0f} CPU seconds per model on the older EPYC, {max(seconds):.0f} of them for `dci`"
    )


def test_the_estimate_for_a_study_follows_from_the_tables():
    head, *rows = tables_of(PAGE, "model", "code", "parameters")[0]
    cpu = {row[0]: read(row[head.index("CPU ms")]) for row in rows if row[1] == "ours" and row[3] == "float32"}
    head, *rows = table_of(PAGE, "model", "GFLOP")
    floor = {row[0]: read(row[head.index("arithmetic, ms")]) for row in rows if row[4] == "NVIDIA H200"}
    models, iterations, methods = 12_600, 300_000, 6
    assert says(PAGE, f"$N = {models:,}$ models of $I = {iterations:,}$ iterations".replace(",", "{,}"))

    def seconds(milliseconds):
        mean = ((methods - 1) * milliseconds["beta-vae"] + milliseconds["factorvae"]) / methods
        return models * iterations * mean / 1000

    (row,) = re.findall(r"^\| training on CPUs instead \|.*$", PAGES[PAGE], re.MULTILINE)
    assert all(f"{cpu[name]:.0f}" in row for name in ("beta-vae", "factorvae"))
    assert f"| {round(seconds(cpu) / 3600, -3):,.0f} core hours |" in row
    assert says(PAGE, f"more than {seconds(floor) / 8 / 86_400:.2f} days")


def test_a_long_training():
    (found,) = evidence("benchmarks/endurance.jsonl")
    first, second = (found["cpu_milliseconds_per_iteration"][half] for half in ("first_half", "second_half"))
    memory, files = (found[name]["slope"] for name in ("memory_mib", "open_files"))
    assert says(
        "reliability.md",
        f"memory {memory:.1f} MiB and open files {files:+.4f} per 1,000 iterations, {first:.1f} and {second:.1f} CPU "
        f"milliseconds per iteration and {found['log_bytes_per_line']['second_half']:.0f} bytes per log line",
    )
