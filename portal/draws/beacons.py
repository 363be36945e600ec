"""The beacon of an attempt: asked for at the configured addresses, or handed in as a file.

Whatever comes is judged by the chain that the rules pin: its round, and its signature. The address
is an operator's choice, and still the connection goes only where webhooks may go as well.
"""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from lottery.errors import BadBeacon, BeaconUnavailable
from lottery.randomness.drand import MAX_ANSWER, Beacon, Chain, verify_beacon
from lottery.record import Record
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.draws import access
from portal.draws.inviting import check_notary
from portal.draws.kit import WORKER, Kit
from portal.draws.models import Draw, DrawBeacon
from portal.draws.records import Records
from portal.problems import BadInput, Conflict, Forbidden, PortalError
from portal.webhooks.addresses import networks, read_url
from portal.webhooks.sending import Sender


class Beacons:
    """Fetches and keeps. Safe for threads."""

    def __init__(self, kit: Kit, records: Records) -> None:
        self._kit, self._tools, self._records = kit, kit.tools, records
        settings = kit.tools.settings
        allowed = networks(settings.drand_allow_private)
        self._sender = Sender(settings.drand_timeout_seconds, allowed)

    def kept(self, draw_id: str, attempt: int) -> Beacon | None:
        """The verified beacon of that attempt."""
        with self._tools.database.reading() as session:
            row = session.get(DrawBeacon, (draw_id, attempt))
        return None if row is None else Beacon(row.round, row.signature)

    def fetch(self, draw: Draw, known: Record) -> Beacon:
        """Ask every address in turn; what verifies is kept.

        Raises:
            BeaconUnavailable: none gave this round, with each one's reason.
            DrawsSwitchedOff: beacons cannot be checked here.
        """
        chain, number = known.config.drand, known.beacon_round
        assert chain is not None  # noqa: S101 - the phase says so
        assert number is not None  # noqa: S101
        reasons = []
        for address in self._tools.settings.drand_urls.split():
            try:
                beacon = self._ask(address, chain, number)
            except (BadBeacon, PortalError, _NoAnswer) as error:
                reasons.append(f"{address}: {error}")
                continue
            self._keep(WORKER, draw, known, beacon, address)
            return beacon
        if not reasons:
            raise BeaconUnavailable(
                "No address for beacons is configured; the notary hands the beacon in as a file."
            )
        raise BeaconUnavailable("; ".join(reasons))

    def file(self, actor: Actor, draw_id: str, content: bytes) -> None:
        """Take the beacon from a file: drand's own JSON answer. The same again changes nothing.

        Raises:
            NotFound, Forbidden: not a draw of the actor's, or neither notary nor organiser in it.
            Conflict: this draw does not wait for a beacon.
            BadInput: another round, or not a signature of the chain.
        """
        with self._tools.database.reading() as session:
            seen = access.readable(session, actor, draw_id)
            if seen.party is None or seen.party.role not in ("notary", "organiser"):
                message = "The notary or the organiser hands in the beacon."
                raise Forbidden("beacon_party", message)
            if seen.party.role == "notary":
                check_notary(actor)
            if seen.draw.config is None:
                raise Conflict("beacon_phase", "This draw does not wait for a beacon.")
            known = self._records.load(session, seen.draw)
        if known.phase != "beacon" or known.config.drand is None:
            raise Conflict("beacon_phase", "This draw does not wait for a beacon.")
        try:
            if len(content) > MAX_ANSWER:
                raise BadBeacon("the file is too large")
            beacon = Beacon.parse(content)
            _check(known.config.drand, int(known.beacon_round or 0), beacon)
        except BadBeacon as error:
            message = "This is not the beacon of this draw: %(reason)s."
            raise BadInput("beacon", message, field="file", reason=str(error)) from error
        self._keep(actor, seen.draw, known, beacon, "file")
        self._tools.nudge()

    def _ask(self, address: str, chain: Chain, number: int) -> Beacon:
        production = self._tools.settings.production
        whole = f"{address.rstrip('/')}/{chain.chain_hash}/public/{number}"
        answer = self._sender.get(
            read_url(whole, https_only=production), {"Accept": "application/json"}
        )
        if not answer.ok:
            raise _NoAnswer(answer.fault, answer.status)
        beacon = Beacon.parse(answer.answer.encode())
        _check(chain, number, beacon)
        return beacon

    def _keep(self, actor: Actor, draw: Draw, known: Record, beacon: Beacon, source: str) -> None:
        now = self._tools.clock()
        try:
            with self._tools.database.transaction() as session:
                if session.get(DrawBeacon, (draw.id, known.attempt)) is not None:
                    return
                session.add(
                    DrawBeacon(
                        draw_id=draw.id,
                        attempt=known.attempt,
                        round=beacon.round,
                        signature=beacon.signature,
                        randomness=beacon.value.hex(),
                        source=source[:500],
                        received_at=now,
                    )
                )
                row = session.get_one(Draw, draw.id, with_for_update=True)
                row.next_attempt_at, row.wait_reason, row.wait_detail, row.tries = (
                    now,
                    None,
                    None,
                    0,
                )
                detail: dict[str, str | int] = {"round": beacon.round, "source": source[:200]}
                record(session, actor, "draw.beacon", draw.subject, detail)
        except IntegrityError:  # another worker was quicker, and one round has one signature
            return


class _NoAnswer(Exception):
    def __init__(self, fault: str, status: int | None) -> None:
        super().__init__(f"no answer ({fault}{'' if status is None else f', {status}'})")


def _check(chain: Chain, number: int, beacon: Beacon) -> None:
    if beacon.round != number:
        raise BadBeacon(f"it is of round {beacon.round} instead of {number}")
    verify_beacon(chain, beacon)
