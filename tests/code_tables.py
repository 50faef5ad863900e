"""Tables of codes in files."""

from pathlib import Path

from disentangle_eval.metrics.subject import CodeTable
from disentangle_eval.sources.opened import open_source
from disentangle_eval.sources.subjects import subject_for


def load_code_table(path: Path) -> CodeTable:
    """What `deval score` scores when it is given this file alone."""
    subject = subject_for(open_source(path), None, None).subject
    assert isinstance(subject, CodeTable)
    return subject
