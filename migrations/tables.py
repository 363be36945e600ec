"""Every table of the portal: importing the models fills the one metadata."""

from __future__ import annotations

import portal.accounts.models
import portal.accounts.security_models
import portal.announcements.models
import portal.audit.models
import portal.cases.models
import portal.deposits.models
import portal.imports.models
import portal.jobs.models
import portal.mail.models
import portal.operators.models
import portal.organisations.models
import portal.privacy.models
import portal.uploads.models
import portal.webhooks.models  # noqa: F401
from portal.database import Base

metadata = Base.metadata
