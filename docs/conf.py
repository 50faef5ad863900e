"""How the site is built. Nothing is fetched while building; formulas are typeset by MathJax when a page is read."""

import inspect
from importlib.metadata import metadata
from typing import Any

_METADATA = metadata("disentangle-eval")

project = "disentangle_eval"
author = "the authors of disentangle_eval"
project_copyright = author
version = release = _METADATA["Version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
exclude_patterns = ["_build"]
default_role = "code"

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
    """Leaves out the signature of what is all fields: interfaces, settings and data classes list them one a line."""
    fields = ("_is_protocol", "model_fields", "__dataclass_fields__")
    if inspect.isclass(item) and any(getattr(item, field, False) for field in fields):
        return "", None
    return signature, returns


def setup(app: Any) -> None:
    app.connect("autodoc-process-signature", _without_constructor)
