"""Reading files below another process's root without being led out of it.

``/proc/<pid>/root`` is only a starting point: the kernel resolves an absolute symbolic link found
below it against the *reader's* root, so a desktop whose ``/etc/hosts`` is a link to ``/etc/shadow``
would have our file read. Here every component is opened without following, and links are resolved
by hand inside the root.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Links followed before a path is called a loop, as in Linux (path_resolution(7)).
MAX_LINKS = 40
#: Names listed of one folder.
MAX_NAMES = 4096


class Rooted:
    """A root folder, opened once. All methods raise OSError as the plain calls would."""

    def __init__(self, root: Path) -> None:
        self._fd = os.open(root, os.O_PATH | os.O_DIRECTORY)

    def close(self) -> None:
        os.close(self._fd)

    def read(self, path: str, limit: int) -> bytes:
        """The content of a regular file.

        Raises:
            OSError: also EFBIG when it has more than ``limit`` bytes, EINVAL when it is no file.
        """
        with self._open(path) as handle:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "no regular file", path)
            # Opened anew for reading; O_PATH pinned the inode, so nothing can be swapped.
            with Path(f"/proc/self/fd/{handle}").open("rb") as file:
                data = file.read(limit + 1)
        if len(data) > limit:
            raise OSError(errno.EFBIG, "too large", path)
        return data

    def stat(self, path: str) -> os.stat_result:
        with self._open(path) as handle:
            return os.fstat(handle)

    def exists(self, path: str) -> bool:
        """False where nothing is; raises OSError where that cannot be told."""
        try:
            self.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def entries(self, path: str) -> list[tuple[str, os.stat_result]]:
        """What a folder holds, sorted by name, links unfollowed; empty when there is no such
        folder.

        Raises:
            OSError: EFBIG beyond MAX_NAMES names.
        """
        found: list[tuple[str, os.stat_result]] = []
        try:
            with self._open(path) as handle:
                for name in sorted(each.name for each in Path(f"/proc/self/fd/{handle}").iterdir()):
                    if len(found) == MAX_NAMES:
                        raise OSError(errno.EFBIG, "too many names", path)
                    with suppress(FileNotFoundError):
                        found.append((name, os.stat(name, dir_fd=handle, follow_symlinks=False)))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return found

    def names(self, path: str) -> list[str]:
        """The names of :meth:`entries`."""
        return [name for name, _ in self.entries(path)]

    @contextmanager
    def _open(self, path: str) -> Iterator[int]:
        opened = [os.dup(self._fd)]
        pending = _parts(path)
        links = 0
        try:
            while pending:
                name = pending.pop(0)
                if name == "..":
                    if len(opened) > 1:  # above the root is the root
                        os.close(opened.pop())
                    continue
                handle = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=opened[-1])
                opened.append(handle)
                if stat.S_ISLNK(os.fstat(handle).st_mode):
                    links += 1
                    if links > MAX_LINKS:
                        raise OSError(errno.ELOOP, "too many links", path)
                    target = os.readlink("", dir_fd=handle)
                    os.close(opened.pop())
                    if target.startswith("/"):
                        while len(opened) > 1:
                            os.close(opened.pop())
                    pending = _parts(target) + pending
            yield opened[-1]
        finally:
            for handle in opened:
                os.close(handle)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]
