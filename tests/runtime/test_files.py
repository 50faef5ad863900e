"""Files that appear whole or not at all."""

import os

from disentangle_eval.runtime.files import ABANDONED_SECONDS, write_atomically


def test_what_a_crash_left_of_the_same_file_is_removed_and_nothing_else(tmp_path):
    old, new, other = (tmp_path / f".{name}.partial" for name in ("a[1].txt.x", "a[1].txt.y", "b.txt.x"))
    for path in (old, new, other):
        path.write_bytes(b"half")
    for path in (old, other):
        age = path.stat().st_mtime - ABANDONED_SECONDS - 1
        os.utime(path, (age, age))
    write_atomically(tmp_path / "a[1].txt", lambda file: file.write(b"whole"))
    assert {path.name for path in tmp_path.iterdir()} == {"a[1].txt", new.name, other.name}
