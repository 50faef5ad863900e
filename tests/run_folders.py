"""Run folders with a log and a score, written without training."""

import json


def write_run(folder, seed, beta, model="a"):
    folder.mkdir(parents=True)
    described = {
        "model": model,
        "distribution": "d",
        "version": 1,
        "dataset": "grid",
        "seed": seed,
        "config": {"iterations": 20, "beta": beta},
        "settings": {},
    }
    (folder / "run.json").write_text(json.dumps(described))
    lines = [{"iteration": at, "kl": [beta, at / 10], "loss": beta * at + seed} for at in (10, 20)]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    scores = [
        {"metric": "mig", "value": seed + beta, "iteration": 20, "chance": 0.1, "seed": 0, "details": {"gap": 0.5}}
        | {"settings": {"protocol": "p"}, "metric_version": 1, "better": "higher", "dataset": "grid"}
    ]
    (folder / "results.jsonl").write_text("".join(json.dumps(score) + "\n" for score in scores))
