"""Packages of archive volumes: the volume's checks behind those of the package.

No web framework in here: the page and the command line ask the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from chain_adapter.verdict import Check
from portal.verification.captures import capture_checks
from portal.verification.draws import draw_checks
from portal.verification.notarial import certificate_checks
from timestamping.certificate.volume import verify_volume
from timestamping.filelist import VOLUME
from timestamping.package import Carried
from timestamping.package_trust import PackageTrust


def volume_checks(carried: Carried) -> Sequence[Check]:
    """Checks 111 to 120 (:mod:`timestamping.certificate.volume.verifying`) when a volume was
    deposited, else none."""
    try:
        value = json.loads(carried.listed)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(value, dict) or value.get("schema") != VOLUME:
        return ()
    anchors = carried.anchors or PackageTrust(carried.trust, carried.ledger)
    return verify_volume(carried.listed, carried.open, anchors, _inside)


def _inside(carried: Carried) -> Sequence[Check]:
    """What can be judged of a package in a volume; a volume in a volume is none of ours."""
    return (*capture_checks(carried), *draw_checks(carried), *certificate_checks(carried))
