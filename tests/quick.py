"""What thousands of tests would do over and over to the same end, done once in each process.

An application is made for nearly every test of the portal. Making one is quick but for three
things, which depend on nothing but the source: werkzeug compiles a function for each of some
hundred URLs, Jinja compiles each template at its first use, and Babel reads the translations. The
results are kept here and shared; nothing a test can change is.
"""

from __future__ import annotations

import copy
import gc
import gettext
from collections.abc import Callable
from types import CodeType
from typing import IO, Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule


class _Templates(BytecodeCache):
    """Compiled templates by the checksum of their text: one that changed is another."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


def share() -> None:
    """From now on, in this process."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Templates()}
    _share_builders()
    _share_translations()


def keep_what_there_is() -> None:
    """Garbage is no longer looked for among what was imported and collected so far."""
    gc.collect()
    gc.freeze()


def _share_builders() -> None:
    """The functions that build URLs know their rule by argument alone."""
    kept: dict[Any, Callable[..., tuple[str, str]]] = {}
    rules: Any = Rule
    compile_builder = rules._compile_builder

    def shared(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        defaults = repr(sorted((rule.defaults or {}).items()))
        key = (rule.rule, tuple(rule._trace), defaults, append_unknown)
        if key not in kept:
            kept[key] = compile_builder(rule, append_unknown)
        return kept[key]

    rules._compile_builder = shared


def _share_translations() -> None:
    """What a file of translations says; each reader adds to a catalogue of its own."""
    kept: dict[tuple[str, bytes], dict[str, Any]] = {}
    reader: Any = gettext.GNUTranslations
    parse = reader._parse

    def shared(self: gettext.GNUTranslations, file: IO[bytes]) -> None:
        content = file.read()
        key = (str(getattr(file, "name", "")), content)
        if key not in kept:
            file.seek(0)
            parse(self, file)
            kept[key] = dict(vars(self))
        vars(self).update({name: copy.copy(value) for name, value in kept[key].items()})

    reader._parse = shared
