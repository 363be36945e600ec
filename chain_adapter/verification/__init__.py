"""The steps of :func:`chain_adapter.verify`, a module for each kind of evidence.

``examination`` holds what every record has (steps 1 to 6) and the frame all steps stand in; ``log``
the steps for transparency logs; ``kinds`` chooses by the receipt's scheme. Whoever writes a ledger
whose evidence is of another kind derives from :class:`Examination`.
"""

from chain_adapter.verification.examination import Examination, Step, Stop

__all__ = ["Examination", "Step", "Stop"]
