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

myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True


def _shorten(app: Any, what: str, name: str, item: Any, options: Any, signature: str, returns: str) -> Any:
    """Leaves out the constructor of interfaces and settings, which says nothing that their members do not."""
    if inspect.isclass(item) and (getattr(item, "_is_protocol", False) or hasattr(item, "model_fields")):
        return "", ""
    return signature, returns


def setup(app: Any) -> None:
    app.connect("autodoc-process-signature", _shorten)
