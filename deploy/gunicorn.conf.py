"""gunicorn: threads, because requests wait on disks and on the database, not on the processor."""

import tempfile
from pathlib import Path

from portal.settings import Settings

_settings = Settings()

bind = _settings.bind
workers = 2
worker_class = "gthread"
threads = 16
# Long enough for a large upload on a slow line; a stuck worker is still replaced.
timeout = 120
graceful_timeout = 30
keepalive = 5
# The heartbeat file must not live on a disk that can stall.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else tempfile.gettempdir()  # noqa: S108
accesslog = None  # the portal writes its own, with request ids and without query strings
forwarded_allow_ips = "127.0.0.1"
