"""Locks that processes take on open files, and that end when the file is closed."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    _BYTE = 2**30  # of the file, far behind its contents: Windows locks bytes, which others then cannot read

    def lock(handle: int, *, wait: bool = False, shared: bool = False) -> None:
        """Take the lock of an open file; `BlockingIOError` where another process has it and `wait` is false.

        Windows knows no shared locks here: `shared` is as exclusive.
        """
        place = os.lseek(handle, 0, os.SEEK_CUR)
        os.lseek(handle, _BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from None
        finally:
            os.lseek(handle, place, os.SEEK_SET)

else:
    import fcntl

    def lock(handle: int, *, wait: bool = False, shared: bool = False) -> None:
        """Take the lock of an open file; `BlockingIOError` where another process has it and `wait` is false.

        Processes may share a lock with each other, but not with one that has it alone.
        """
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
