"""`deval` as a user types it, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cli_tiny import TINY

from disentangle_eval.cli.main import main
from disentangle_eval.data.sets.dsprites import loading


@dataclass(frozen=True)
class Answer:
    """What a command left: its exit code, what it printed, and its error lines."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one error line; fails where there is none, more than one, or a traceback."""
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0].removeprefix("error: ")


@pytest.fixture
def deval(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """`deval("train", "ibgan", ...)`."""

    def run(*arguments: object) -> Answer:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return Answer(ended.value.code, *capsys.readouterr())

    return run


DSPRITES: dict[tuple[Path, str], Any] = {}


@pytest.fixture(scope="module", autouse=True)
def dsprites_read_once() -> Iterator[None]:
    """The checksum of its packed images takes longer than a few iterations; tests/data reads them again and again."""
    read = loading.cached_array

    def once(path: Path, key: Any, make: Callable[[], Any]) -> Any:
        if (path, str(key)) not in DSPRITES:
            DSPRITES[path, str(key)] = read(path, key, make)
        return DSPRITES[path, str(key)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "cached_array", once)
        yield


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short run; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    with pytest.raises(SystemExit) as ended:
        main(["train", "ibgan", *TINY, "--iterations", "4", "--log-every", "2", "--out", str(folder)])
    assert ended.value.code == 0
    return folder
