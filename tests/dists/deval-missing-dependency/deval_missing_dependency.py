"""Imports what is not installed."""

import a_module_nobody_installed  # noqa: F401
