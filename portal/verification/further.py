"""What can be judged beyond a package itself: the capture, draw, certificate or archive volume
that it holds."""

from __future__ import annotations

from collections.abc import Sequence

from chain_adapter.verdict import Check
from portal.verification.captures import capture_checks
from portal.verification.draws import draw_checks
from portal.verification.notarial import certificate_checks
from portal.verification.volumes import volume_checks
from timestamping.package import Carried


def further_checks(carried: Carried, most: int | None = None) -> Sequence[Check]:
    """Checks numbered on from those of a package; none for plain files and folders. Of a draw at
    ``most`` so many tickets are recomputed."""
    return (
        *capture_checks(carried),
        *draw_checks(carried, most),
        *certificate_checks(carried),
        *volume_checks(carried),
    )
