"""What can go wrong with a package.

``PackageError``
    ``CannotBuild``    the parts do not belong together, or the original is not what was deposited
    ``NotAPackage``    no proof package at all, or one cut short: nothing can be decided
    ``UnsafePackage``  a package no honest tool makes: refused without looking further
"""

from __future__ import annotations


class PackageError(Exception):
    """Base of the family; ``str()`` is one clear sentence."""


class CannotBuild(PackageError):
    """The parts do not make a package."""


class NotAPackage(PackageError):
    """Not a proof package, or an unreadable one."""


class UnsafePackage(PackageError):
    """Names that leave the folder, duplicates, bombs, too many or too large members."""


class BadMember(PackageError):
    """A member's bytes cannot be read (damaged, or not what the archive says)."""
