"""The page on sources runs, and names every setting of a source."""

from doc_pages import table_of
from test_docs_notebook import cells

from disentangle_eval.sources.settings import SourceSettings

PAGE = "score-anything.md"


def test_the_page_runs_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path / "cache"))
    names: dict[str, object] = {}
    for code, expected in cells(PAGE):
        exec(code, names)
        assert capsys.readouterr().out == expected, code


def test_every_setting_has_its_row():
    listed = [name.strip() for row in table_of(PAGE, "setting")[1:] for name in row[0].split(",")]
    assert sorted(listed) == sorted(SourceSettings.model_fields)
