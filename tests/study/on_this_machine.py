"""A study on Ray's own cluster of this machine, for a test that kills it.

python on_this_machine.py DATA STUDY_FOLDER
"""

import sys
from pathlib import Path

from tiny_studies import LONGER, study

from disentangle_eval.study.cluster import RayCluster
from disentangle_eval.study.running import StudyFolder, run_study

if __name__ == "__main__":
    folder = StudyFolder(Path(sys.argv[2]))
    run_study(study(sys.argv[1], **LONGER), folder, RayCluster(folder.root, at_a_time=2), device="cpu")
