"""Lists in the worker: out of the vault, read in a process of its own, its findings into the row.

A lease says which worker has a list in hand; a worker that was killed loses it within seconds, and
the next one begins anew. Whatever was made for a revision that is no longer the row's is thrown
away. The plain file lies in a folder of the portal's only while it is read.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import or_, select, update

from portal.audit.service import record
from portal.draws import plans
from portal.draws.child import Abandoned, Died, Refused, read_list
from portal.draws.files import plain_file
from portal.draws.kit import WORKER, Kit
from portal.draws.listing import Listing
from portal.draws.models import Draw, DrawList, ListState
from portal.jobs.waiting import wait_for, waits
from portal.storage import VaultError

_log = structlog.get_logger(__name__)
LEASE: Final = timedelta(seconds=15)
#: So often a list that kills its reader is tried.
_TRIES: Final = 3
_PURPOSE: Final = "draw-list"
_KEYS: Final = ("organiser", "notary", "salt", "lookup")
_WORK: Final = (ListState.SURVEY, ListState.COMMIT)


class Ingesting:
    """``advance`` may run in any number of threads and processes at once."""

    def __init__(self, kit: Kit, listing: Listing) -> None:
        self._kit, self._tools, self._listing = kit, kit.tools, listing

    def advance(self) -> int:
        """Do what is due for one list; how many there were."""
        gone = self._finish_going()
        listed = self._taken()
        if listed is None:
            return gone
        try:
            self._work(listed)
        except Abandoned:
            self._clean(listed)
        except Refused as error:
            self._failed(listed, error.code, error.text)
        except Died as error:
            self._died(listed, error)
        except (VaultError, OSError) as error:
            self._waits(listed, error)
        return gone + 1

    def _finish_going(self) -> int:
        query = select(DrawList).where(
            DrawList.state == ListState.GOING, DrawList.next_attempt_at <= self._kit.now
        )
        with self._tools.database.reading() as session:
            rows = session.scalars(query.limit(20)).all()
        for each in rows:
            try:
                self._listing.finish(each)
            except VaultError as error:
                self._waits(each, error)
        return len(rows)

    def _taken(self) -> DrawList | None:
        """The list that waits longest, leased; None when there is none."""
        now, lease = self._kit.now, secrets.token_hex(16)
        free = or_(DrawList.lease_until.is_(None), DrawList.lease_until < now)
        due = (DrawList.state.in_(_WORK), DrawList.next_attempt_at <= now, free)
        query = select(DrawList.draw_id).where(*due).order_by(DrawList.next_attempt_at).limit(1)
        with self._tools.database.reading() as session:
            draw_id = session.scalar(query)
        if draw_id is None:
            return None
        with self._tools.database.transaction() as session:
            session.execute(
                update(DrawList)
                .where(DrawList.draw_id == draw_id, *due)
                .values(lease=lease, lease_until=now + LEASE)
                .execution_options(synchronize_session=False)
            )
        with self._tools.database.reading() as session:
            return session.scalar(select(DrawList).where(DrawList.lease == lease))

    def _work(self, listed: DrawList) -> None:
        with self._tools.database.reading() as session:
            draw = session.get_one(Draw, listed.draw_id)
        plan = plans.decode(draw.plan)
        source = self._source(listed)
        task: dict[str, Any] = {
            "path": str(source),
            "layout": json.loads(listed.layout) if listed.layout else None,
            "rules": {
                "pools": [each.id for each in plan.pools],
                "max_weight": plan.max_weight,
                "max_rows": self._tools.settings.draw_entries,
                "duplicates": listed.duplicates,
            },
        }
        if listed.state == ListState.SURVEY:
            found = read_list("survey", task, self._teller(listed))
            self._surveyed(listed, found)
        else:
            self._commit(listed, task)

    def _commit(self, listed: DrawList, task: dict[str, Any]) -> None:
        keys = self._keys(listed)
        name = f"list-{listed.revision}-{secrets.token_hex(4)}"
        folder = self._kit.folder / listed.draw_id / name
        task |= {
            "keys": {part: keys[part].hex() for part in _KEYS},
            "draw": listed.draw_id,
            "folder": str(folder),
        }
        try:
            document = read_list("commit", task, self._teller(listed))
            before = json.loads(listed.document) if listed.document else document
            if document != before:
                # Made anew for a record that stands: another list must not take its place.
                raise Refused("list_changed", "The list is not the one that was committed to.")
            values: dict[str, Any] = {
                "state": ListState.COMMITTED,
                "document": json.dumps(document, ensure_ascii=False),
                "folder": name,
            }
            detail = {"list_root": document["list_root"], "count": document["count"]}
            kept = self._done(listed, values, "draw.list_committed", detail)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
        self._clean(listed)

    def _surveyed(self, listed: DrawList, found: Mapping[str, Any]) -> None:
        refused = listed.duplicates == "refuse" and found["duplicate_count"]
        fine = listed.layout and not found["problem_count"] and not refused and found["rows"]
        detail = {name: found[name] for name in ("rows", "problem_count", "duplicate_count")}
        values = {
            "state": ListState.COMMIT if fine else ListState.SURVEYED,
            "survey": json.dumps(found, ensure_ascii=False),
        }
        self._done(listed, values, "draw.list_surveyed", detail)
        if not fine:
            self._clean(listed)

    def _done(
        self, listed: DrawList, values: dict[str, Any], action: str, detail: dict[str, Any]
    ) -> bool:
        """The list's next state, unless it was changed meanwhile."""
        common: dict[str, Any] = {"lease": None, "lease_until": None, "tries": 0, "stage": ""}
        common |= {"problem": None, "problem_code": None, "next_attempt_at": self._kit.now}
        with self._tools.database.transaction() as session:
            if not self._moved(session, listed, common | values):
                return False
            record(session, WORKER, action, f"draw:{listed.draw_id}", detail)
        return True

    def _moved(self, session: Any, listed: DrawList, values: Mapping[str, Any]) -> bool:
        result = session.execute(
            update(DrawList)
            .where(DrawList.draw_id == listed.draw_id, DrawList.revision == listed.revision)
            .where(DrawList.state == listed.state, DrawList.lease == listed.lease)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        return bool(result.rowcount)

    def _teller(self, listed: DrawList) -> Any:
        def told(done: int, total: int, stage: str) -> bool:
            values = {"done": done, "total": total, "stage": stage[:32]}
            with self._tools.database.transaction() as session:
                until = {"lease_until": self._kit.now + LEASE}
                return self._moved(session, listed, values | until)

        return told

    def _keys(self, listed: DrawList) -> dict[str, bytes]:
        """The list's four keys, made once and sealed."""
        if listed.keys is None:
            sealed = self._kit.box.seal(secrets.token_bytes(128), _PURPOSE, listed.draw_id)
            with self._tools.database.transaction() as session:
                if not self._moved(session, listed, {"keys": sealed}):
                    raise Abandoned
            listed.keys = sealed
        plain = self._kit.box.open(listed.keys, _PURPOSE, listed.draw_id)
        return {name: plain[32 * at : 32 * at + 32] for at, name in enumerate(_KEYS)}

    def _source(self, listed: DrawList) -> Path:
        """The plain file, for the reader alone. The lease is kept while it is written."""
        suffix = ".xlsx" if listed.filename.lower().endswith((".xlsx", ".xlsm")) else ".csv"
        tell = self._teller(listed)

        def copied(done: int) -> None:
            if not tell(done, listed.size, "opening"):
                raise Abandoned

        name = f"source-{listed.revision}-{listed.sha256[:16]}{suffix}"
        return plain_file(self._kit, listed, name, copied)

    def _clean(self, listed: DrawList) -> None:
        """Another revision's file may be in use."""
        for path in (self._kit.folder / listed.draw_id).glob(f"source-{listed.revision}-*"):
            path.unlink(missing_ok=True)

    def _failed(self, listed: DrawList, code: str, text: str) -> None:
        values: dict[str, Any] = {
            "state": ListState.FAILED,
            "problem": text[:2000],
            "problem_code": code[:64],
            "lease": None,
            "lease_until": None,
            "stage": "",
        }
        with self._tools.database.transaction() as session:
            if self._moved(session, listed, values):
                subject = f"draw:{listed.draw_id}"
                record(session, WORKER, "draw.list_failed", subject, {"reason": code})
        self._clean(listed)

    def _died(self, listed: DrawList, error: Died) -> None:
        _log.warning("list_reader_died", draw=listed.draw_id, reason=str(error))
        if listed.tries + 1 >= _TRIES:
            self._failed(
                listed, "reader_died", "The list could not be read; an operator is needed."
            )
        else:
            self._waits(listed, error)

    def _waits(self, listed: DrawList, error: Exception) -> None:
        wait = wait_for(error)
        values = waits(wait, listed.tries, self._kit.now)
        with self._tools.database.transaction() as session:
            self._moved(
                session,
                listed,
                {
                    "problem": wait.sentence[:2000],
                    "problem_code": wait.code,
                    "tries": values["attempts"],
                    "next_attempt_at": values["next_attempt_at"],
                    "lease": None,
                    "lease_until": None,
                },
            )
