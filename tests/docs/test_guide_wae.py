"""The guide's Wasserstein autoencoder, pasted into the files that `deval new` writes, keeps every promise."""

import re
import textwrap

import pytest
from doc_pages import PAGES

from disentangle_eval.cli.main import main
from disentangle_eval.testing import check_model

SNIPPET = re.compile(r"^    # (deval-wae-mmd/\S+)\n((?:    .*\n|\n)+)", re.MULTILINE)


def test_the_snippets_replace_two_files_of_a_new_plugin(tmp_path, monkeypatch, install):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["new", "wae-mmd"])
    assert not ended.value.code
    snippets = SNIPPET.findall(PAGES["plugin-guide.md"])
    assert len(snippets) == 2
    for path, code in snippets:
        assert (tmp_path / path).is_file()
        (tmp_path / path).write_text(textwrap.dedent(code))
    install(tmp_path / "deval-wae-mmd")
    outcomes = check_model("wae-mmd", image=(1, 16, 16), config={"hidden": 8, "latent_dim": 3})
    assert [f"{done.check}: {done.message}" for done in outcomes if done.status == "failed"] == []
