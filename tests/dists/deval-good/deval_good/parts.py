"""What the records name; says on stdout that it was imported."""

from typing import ClassVar

print("parts imported")


class Good:
    pass


class Config:
    protocols: ClassVar = {"first": {}, "second": {}}


def load(spec, folder):
    return folder
