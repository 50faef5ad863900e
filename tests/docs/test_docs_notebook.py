"""The notebook goes from nothing to a scored and drawn model, and prints what the page says it prints."""

import contextlib
import io
import re

from doc_pages import PAGES

PAGE = "notebook.md"


def cells(page: str = PAGE) -> list[tuple[str, str]]:
    """Each Python block of a page, and the text printed below it."""
    found = re.findall(r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", PAGES[page], re.MULTILINE | re.DOTALL)
    assert len(found) == PAGES[page].count("```python")
    return found


def test_the_notebook_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code, expected in cells():
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        assert printed.getvalue() == expected, code
    assert (tmp_path / "runs" / "beta-vae-npz-squares-seed0" / "pictures").is_dir()
