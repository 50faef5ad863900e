"""Raises when imported, with a message of several lines and a terminal code."""

raise RuntimeError("first line\nsecond line \x1b[31m")
