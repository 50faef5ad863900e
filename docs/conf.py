"""How the site is built. Building and reading need no network: MathJax, which typesets formulas, is among its files."""

import inspect
from importlib.metadata import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_METADATA = metadata("disentangle-eval")

project = "disentangle_eval"
author = "the authors of disentangle_eval"
project_copyright = author
version = release = _METADATA["Version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
exclude_patterns = ["_build"]
default_role = "code"

_MATHJAX = find_spec("sphinx-mathjax-offline")
assert _MATHJAX is not None
assert _MATHJAX.origin is not None
mathjax_path = "tex-svg.js"  # one file with its fonts; the package has two dozen more that no page needs
html_static_path = ["_static", str(Path(_MATHJAX.origin).parent / "static" / "mathjax" / mathjax_path)]

html_css_files = ["site.css"]
html_theme = "furo"
html_title = f"disentangle_eval {version}"
html_show_sphinx = False
html_copy_source = False

myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True


def _without_constructor(
    app: Any, what: str, name: str, item: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Leaves out the signature of what is all fields: interfaces, settings and data classes list them line by line."""
    fields = ("_is_protocol", "model_fields", "__dataclass_fields__")
    if inspect.isclass(item) and any(getattr(item, field, False) for field in fields):
        return "", None
    return signature, returns


def _without_aliases(app: Any, what: str, name: str, item: Any, skip: bool, options: Any) -> bool | None:
    """Leaves out the fields of named tuples, whose docstring is Python's; the class describes them."""
    return True if (inspect.getdoc(item) or "").startswith("Alias for field number") else None


def setup(app: Any) -> None:
    app.connect("autodoc-skip-member", _without_aliases)
    app.connect("autodoc-process-signature", _without_constructor)
