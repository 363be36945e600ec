"""Packages of notarial certificates: the certificate's checks behind those of the package.

No web framework in here: the page and the command line ask the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from chain_adapter.verdict import Check
from portal.verification.captures import capture_checks
from portal.verification.draws import draw_checks
from timestamping.certificate import verify_bundle
from timestamping.filelist import NOTARIAL
from timestamping.package import Carried
from timestamping.package_trust import PackageTrust


def certificate_checks(carried: Carried) -> Sequence[Check]:
    """Checks 91 to 109 (:mod:`timestamping.certificate`) when a certificate was deposited, else
    none."""
    try:
        value = json.loads(carried.listed)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(value, dict) or value.get("schema") != NOTARIAL:
        return ()
    anchors = carried.anchors or PackageTrust(carried.trust, carried.ledger)
    return verify_bundle(carried.listed, carried.open, anchors, _concerned)


def _concerned(carried: Carried) -> Sequence[Check]:
    """What can be judged beyond the package that the certificate is about."""
    return (*capture_checks(carried), *draw_checks(carried))
