"""The scenarios of `faults.py`, one file per kind of fault."""
