"""Background work. State lives in rows; the queue only says that there is something to look at.

Losing every message costs a few seconds, for the sweeper looks by itself.
"""

from portal.jobs.beats import Beat, Heartbeat, beats, forget_old_beats
from portal.jobs.queue import Queue
from portal.jobs.worker import Sideline, run_worker

__all__ = [
    "Beat",
    "Heartbeat",
    "Queue",
    "Sideline",
    "beats",
    "forget_old_beats",
    "run_worker",
]
