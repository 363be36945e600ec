"""Check 21: the files of a folder, each where and what the list says."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from chain_adapter.digest import digest_of
from timestamping.filelist import BadList, FileList, ListedFile
from timestamping.package.grounds import Grounds, Refused
from timestamping.package_files import FILE_LIST, FILES

_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
#: Longest part of a member's name, bytes of UTF-8: every file system takes it.
_MAX_NAME: Final = 200


def safe_name(name: str) -> str:
    """A file name any system can hold; the exact name stands in the metadata.

    >>> safe_name("../a\\\\b: 合同.pdf")
    '.._a_b_ 合同.pdf'
    """
    text = "".join(
        "_" if unicodedata.category(character) in {"Cf", "Cs", "Cn", "Co"} else character
        for character in _UNSAFE.sub("_", name)
    )
    stem, dot, suffix = text.strip(" .").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    suffix = dot + suffix
    room = _MAX_NAME - len(suffix.encode())
    if room < 1:
        stem, suffix, room = stem + suffix, "", _MAX_NAME
    cut = stem.encode()[:room].decode(errors="ignore")
    return (cut + suffix) or "file"


def member_names(files: FileList) -> dict[str, ListedFile]:
    """The member that holds each file: its path below ``files/``, with harmless names.

    Two paths that some system would take for the same get ``~2``, ``~3`` … in the list's order.
    """
    members: dict[str, ListedFile] = {}
    taken: set[str] = set()
    for each in files.files:
        name = plain = FILES + "/".join(safe_name(part) for part in each.path.split("/"))
        number = 1
        while (key := unicodedata.normalize("NFC", name).casefold()) in taken:
            number += 1
            folder, slash, last = plain.rpartition("/")
            stem, dot, suffix = last.rpartition(".")
            if not stem:
                stem, dot, suffix = last, "", ""
            name = f"{folder}{slash}{stem}~{number}{dot}{suffix}"
        taken.add(key)
        members[name] = each
    return members


class FolderChecks(Grounds):
    """The list of a folder, and the files that come with it."""

    @property
    def has_list(self) -> bool:
        return FILE_LIST in self.evidence.members

    def known_list(self) -> FileList:
        """The list, once its digests are the recorded ones.

        Raises:
            Refused: it is another list, or none.
        """
        data = self.member(FILE_LIST)
        for digest in self.known_entry.digests:
            if digest_of(data, digest.algorithm) != digest:
                raise Refused(
                    f"{FILE_LIST} is not the list deposited: its {digest.algorithm} differs"
                )
        try:
            return FileList.decode(data)
        except BadList as error:
            raise Refused(str(error)) from error

    def listed_file(self) -> str:
        """Check 12 for a folder: the file offered is the list, or stands in it."""
        files = self.known_list()
        for name, digests in self.evidence.offered().items():
            sha256 = digests["sha256"]
            if sha256 == digest_of(self.member(FILE_LIST)).value:
                continue
            found = files.holding(sha256.hex())
            if found is None:
                raise Refused(f"{name} is none of the {len(files.files)} files deposited")
            _same(name, digests, found)
        self.nothing_offered()
        return ", ".join([*self.evidence.offered(), f"a list of {len(files.files)} files"])

    def files(self) -> str:
        """Check 21."""
        files = self.known_list()
        carried = self.evidence.carried()
        if not carried:
            return f"{len(files.files)} files are listed, this package holds none of them"
        expected = member_names(files)
        for name in sorted(expected.keys() ^ carried.keys()):
            raise Refused(f"{name} is {'missing' if name in expected else 'not in the list'}")
        for name, each in expected.items():
            _same(name, carried[name], each)
        return f"all {len(files.files)} files"


def _same(name: str, digests: dict[str, bytes], listed: ListedFile) -> None:
    for digest in listed.digests():
        if digests.get(digest.algorithm) != digest.value:
            raise Refused(f"{name} is not the file listed: its {digest.algorithm} differs")
