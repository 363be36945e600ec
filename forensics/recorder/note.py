"""What a segment says of itself, in the comment of its MP4."""

from __future__ import annotations

import json
from dataclasses import dataclass

from forensics.clock import Moment
from forensics.errors import InvalidEvidence


@dataclass(frozen=True, slots=True)
class Note:
    """Whose and which segment this is, and when its first frame was seen."""

    session: str
    seq: int
    first: Moment

    def encode(self) -> str:
        value = {"session": self.session, "seq": self.seq, "first": self.first.to_json()}
        return json.dumps(value, separators=(",", ":"))

    @classmethod
    def decode(cls, data: bytes) -> Note:
        """Raises InvalidEvidence for what is no such note."""
        try:
            value = json.loads(data)
            session, seq, first = value["session"], value["seq"], value["first"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InvalidEvidence("the segment does not say what it is") from error
        if not isinstance(session, str) or type(seq) is not int:
            raise InvalidEvidence("the segment does not say what it is")
        return cls(session, seq, Moment.from_json(first))
