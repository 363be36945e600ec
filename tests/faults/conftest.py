"""The fault tests work on a whole portal."""

from tests.portal.conftest import *  # noqa: F403 (the same fixtures)
