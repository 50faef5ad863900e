"""A study on this machine, for a test that kills it.

python driver.py DATA STUDY_FOLDER SEEDS ray|processes
"""

import sys
from pathlib import Path

from tiny_studies import LONGER, study

from disentangle_eval.study.cluster import RayCluster
from disentangle_eval.study.processes import Processes
from disentangle_eval.study.running import StudyFolder, run_study

if __name__ == "__main__":
    data, root, seeds, kind = sys.argv[1:]
    folder = StudyFolder(Path(root))
    engine = RayCluster(folder.root, at_a_time=2) if kind == "ray" else Processes(at_a_time=2)
    run_study(study(data, **LONGER, seeds=seeds), folder, engine, device="cpu")
