"""Every table of the portal: importing the models fills the one metadata."""

from __future__ import annotations

import portal.accounts.models
import portal.accounts.security_models
import portal.announcements.models
import portal.audit.models
import portal.captures.models
import portal.cases.models
import portal.certificates.models
import portal.checks.models
import portal.consortium.models
import portal.deposits.models
import portal.draws.models
import portal.imports.models
import portal.jobs.models
import portal.mail.models
import portal.matters.models
import portal.operators.models
import portal.organisations.models
import portal.packets.models
import portal.privacy.models
import portal.search.models
import portal.signing.models
import portal.uploads.models
import portal.vouching.models
import portal.webhooks.models  # noqa: F401
from portal.database import Base

metadata = Base.metadata


def include_name(name: str | None, _kind: str, _parents: object) -> bool:
    """Leave out of comparisons what stands beside the models: the full-text tables and index."""
    return not (name or "").startswith("search_index")
