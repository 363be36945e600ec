"""Every table of the portal: importing the models fills the one metadata."""

from __future__ import annotations

import portal.accounts.models
import portal.audit.models
import portal.deposits.models
import portal.organisations.models  # noqa: F401
from portal.database import Base

metadata = Base.metadata
