"""A cluster of two Ray nodes on this machine, one of which is killed in the middle of a trial.

python two_nodes.py DATA STUDY_FOLDER
"""

import sys
import threading
import time
from pathlib import Path

from ray.cluster_utils import Cluster
from tiny_studies import LONGER, study

from disentangle_eval.study.cluster import RayCluster
from disentangle_eval.study.running import StudyFolder, run_study

STORE_BYTES = 80 << 20


def main(data, root):
    """Run a study of two trials, one per node, and kill the second node once both are trained halfway."""
    node = {"num_cpus": 1, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    lost = cluster.add_node(**node)
    folder = StudyFolder(Path(root))
    trials = study(data, **LONGER, seeds="0-1")
    logs = [folder.trials / trial.folder / "log.jsonl" for trial in trials.trials]

    def lose():
        while not all(lines_of(log) >= 5 for log in logs):
            time.sleep(0.02)
        cluster.remove_node(lost, allow_graceful=False)
        print("lost a node at", *map(lines_of, logs), flush=True)

    threading.Thread(target=lose, daemon=True).start()
    ended = run_study(trials, folder, RayCluster(folder.root, cluster.address), device="cpu")
    print(dict(ended), len(cluster.worker_nodes))
    cluster.shutdown()


def lines_of(log):
    return log.read_text().count("\n") if log.exists() else 0


if __name__ == "__main__":
    main(*sys.argv[1:])
