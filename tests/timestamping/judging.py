"""Judging takes most of a second for each signed PDF, and the same ones come again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from timestamping.certificate import bundle, verify_certificate
from timestamping.package import grounds
from timestamping.pdf.verifier import verify_seal

_Verdict = TypeVar("_Verdict")
#: Verdicts kept of each kind; the least recent go first.
_KEPT = 64


@contextmanager
def judging_once() -> Iterator[None]:
    """Meanwhile packages and bundles have the same letter and certificate judged by the same trust
    once: the verdict follows from the two. Tests that call the judges themselves are not touched.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "verify_certificate", _once(verify_certificate))
        patch.setattr(grounds, "verify_seal", _once(verify_seal))
        yield


def _once(judge: Callable[[bytes, Any], _Verdict]) -> Callable[[bytes, Any], _Verdict]:
    kept: dict[tuple[bytes, str], _Verdict] = {}

    def judged(pdf: bytes, trust: Any) -> _Verdict:
        key = (pdf, repr(trust))  # a trust holds mappings, and all of it stands in its words
        verdict = kept.pop(key, None) or judge(pdf, trust)
        kept[key] = verdict
        if len(kept) > _KEPT:
            del kept[next(iter(kept))]
        return verdict

    return judged
