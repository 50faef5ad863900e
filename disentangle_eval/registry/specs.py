"""The specs that a plugin yields: names, one-line summaries and import strings.

Specs are plain data. Making one imports neither torch nor the module its target names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

API_VERSION = 1

Need = Literal[
    "encoder",
    "generator",
    "samples",
    "prior",
    "posterior",
    "classifier",
    "likelihood",
    "lower-bound",
    "reconstructor",
    "images",
    "factors",
    "grid",
    "labels",
    "peers",
    "validation",
]
Better = Literal["higher", "lower", "neither"]
DatasetKind = Literal["factors", "images"]

LONGEST_NAME = 60
LONGEST_SUMMARY = 500

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_CHECKSUM = re.compile(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What every spec has.

    `name` is what a user types: at most 60 characters, lower case words joined by hyphens. `summary` is one
    line of at most 500 characters. `target` is `"package.module:attribute"`, imported on first use. `api` is the
    literal version of this interface the plugin was written for. `version` counts changes that alter results.
    """

    name: str
    summary: str
    target: str
    api: int = API_VERSION
    version: int = 1

    def __post_init__(self) -> None:
        _expect(
            isinstance(self.name, str) and _NAME.fullmatch(self.name) and len(self.name) <= LONGEST_NAME,
            self,
            "name",
            f"lower-case words joined by '-', at most {LONGEST_NAME} characters",
        )
        line = f"one line of at most {LONGEST_SUMMARY} characters"
        _expect(isinstance(self.summary, str) and self.summary.strip(), self, "summary", line)
        _expect("\n" not in self.summary and len(self.summary) <= LONGEST_SUMMARY, self, "summary", line)
        _expect(_is_target(self.target), self, "target", "'package.module:attribute'")
        _expect(_is_count(self.api), self, "api", "a positive integer")
        _expect(_is_count(self.version), self, "version", "a positive integer")


@dataclass(frozen=True, kw_only=True)
class ModelSpec(Spec):
    """A trainable model: `target` is a `disentangle_eval.api.Model`, `config` its `ModelConfig`, `paper` where it is
    from (title, authors, year).
    """

    config: str
    paper: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        _expect(_is_target(self.config), self, "config", "'package.module:attribute'")
        _expect(isinstance(self.paper, str), self, "paper", "text")


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """A file of a data set as its makers publish it.

    `path` is where it is below the folder of data sets, and `also` where else it is looked for. `urls` are mirrors of
    it. `checksum` is `"md5:..."` or `"sha256:..."` and `size` its bytes, as far as they are published. Where no size
    is, a download is refused beyond `largest` bytes. `instead` are other files of which any is as good, such as the
    same images in another format.
    """

    path: str
    also: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    checksum: str = ""
    size: int = 0
    largest: int = 2**36
    instead: tuple[DataFile, ...] = ()

    def __post_init__(self) -> None:
        for path in (self.path, *self.also):
            inside = bool(path) and not path.startswith("/") and ".." not in path.split("/")
            _expect(inside, self, "path" if path == self.path else "also", "a path below the folder of data sets")
        _expect(not self.checksum or _CHECKSUM.fullmatch(self.checksum), self, "checksum", "'md5:...' or 'sha256:...'")
        _expect(self.size >= 0, self, "size", "bytes, 0 where not known")
        _expect(self.largest > 0, self, "largest", "bytes, more than 0")


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """A data set: `target` is a function `(spec, folder) -> disentangle_eval.api.Dataset`.

    The function receives this spec, so that names, counts, checksums and paths are written once, and the folder of
    data sets, a `Path`, or None where the user named none. With a `config`, a `DatasetConfig`, it is
    `(spec, folder, config)`, and the user may write `NAME?setting=value`. With `takes_path` the user names the path of
    the data, `NAME:PATH`, and `folder` is that path.

    `kind` is `"factors"` where every image has known factors and `"images"` where there are only images. `test` names
    the data set on which metrics that need labels score a model trained on this one; unless given, that is this one.
    `validation` names the labelled data set that is held back from both for choices, such as the names of clusters.

    `files` are what the makers publish; where `drawn`, the data set can be made without them. `images` counts its
    images, `factors` names what they vary in, with the number of classes of each ("shape 3, scale 6"), `licence` and
    `homepage` are the makers'.
    """

    kind: DatasetKind = "images"
    test: str = ""
    validation: str = ""
    config: str = ""
    takes_path: bool = False
    files: tuple[DataFile, ...] = ()
    drawn: bool = False
    images: int = 0
    factors: str = ""
    licence: str = ""
    homepage: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("test", "validation"):
            name = getattr(self, field)
            named = isinstance(name, str) and (not name or _NAME.fullmatch(name))
            _expect(named, self, field, "the name of a data set, or nothing")
        _expect(self.kind in get_args(DatasetKind), self, "kind", _one_of(get_args(DatasetKind)))
        _expect(not self.config or _is_target(self.config), self, "config", "'package.module:attribute', or nothing")
        listed = isinstance(self.files, tuple) and all(isinstance(file, DataFile) for file in self.files)
        _expect(listed, self, "files", "a tuple of DataFile")


@dataclass(frozen=True, kw_only=True)
class MetricSpec(Spec):
    """A metric: `target` is a `disentangle_eval.api.Metric`, `config` its `MetricConfig`.

    `needs` lists what the subject and the data must offer: abilities of the model, `images`, the `factors` of every
    image, a full `grid` of them, `labels`, `peers`, other models next to it, or `validation`, images held back.
    `headline` is the key of the reported value among the scores and `better` the direction in which that value
    improves. `in_all` is whether the metric `all` may stand for it: not where it takes more than a minute on a table of
    737,280 x 10 codes.
    """

    config: str
    needs: frozenset[Need]
    headline: str
    better: Better
    in_all: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _expect(_is_target(self.config), self, "config", "'package.module:attribute'")
        known = isinstance(self.needs, frozenset) and self.needs <= set(get_args(Need))
        _expect(known, self, "needs", f"a frozenset of {_one_of(get_args(Need))}")
        _expect(isinstance(self.headline, str) and self.headline, self, "headline", "the key of the reported value")
        _expect(self.better in get_args(Better), self, "better", _one_of(get_args(Better)))
        _expect(isinstance(self.in_all, bool), self, "in_all", "True or False")


def _is_target(value: object) -> bool:
    return isinstance(value, str) and _TARGET.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _one_of(values: Sequence[str]) -> str:
    return "one of " + ", ".join(repr(value) for value in values)


def _expect(holds: object, spec: Spec | DataFile, field: str, expected: str) -> None:
    if not holds:
        raise ValueError(f"{type(spec).__name__}.{field}: received {getattr(spec, field)!r}, expected {expected}")
