"""Background work. State lives in rows; the queue only says that there is something to look at.

Losing every message costs a few seconds, for the sweeper looks by itself.
"""

from portal.jobs.queue import Queue
from portal.jobs.worker import run_worker

__all__ = ["Queue", "run_worker"]
