"""A list's row as pages see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from portal.draws.models import DrawList, ListState
from portal.draws.plans import layout_of
from portal.draws.shapes import Layout, ListDuplicate, ListProblem, ListView, PoolCount

_READY: Final = (ListState.SURVEYED, ListState.COMMIT, ListState.COMMITTED)


def encode_layout(layout: Layout) -> str:
    return json.dumps(asdict(layout), ensure_ascii=False)


def survey_of(listed: DrawList) -> Mapping[str, Any]:
    """What was found, as :meth:`lottery.entries.Survey.document` says it; empty before."""
    found: Mapping[str, Any] = json.loads(listed.survey) if listed.survey else {}
    return found


def columns_of(listed: DrawList) -> tuple[str, ...]:
    return tuple(survey_of(listed).get("columns", ()))


def counts_of(listed: DrawList) -> dict[str, PoolCount]:
    """Entries and tickets by pool, as far as they are known."""
    found = survey_of(listed).get("per_pool", ())
    return {each["id"]: PoolCount(each["entries"], each["tickets"]) for each in found}


def list_view(listed: DrawList) -> ListView:
    """Everything about the list."""
    found = survey_of(listed)
    document = json.loads(listed.document) if listed.document else None
    working = listed.state in (ListState.SURVEY, ListState.COMMIT)
    refused = listed.duplicates == "refuse" and found.get("duplicate_count", 0) > 0
    problems = found.get("problem_count", 0)
    return ListView(
        state=listed.state,
        filename=listed.filename,
        size=listed.size,
        sha256=listed.sha256,
        stage=listed.stage,
        done=listed.done,
        total=listed.total,
        progress=min(100, 100 * listed.done // listed.total) if working and listed.total else 0,
        problem=listed.problem or "",
        problem_code=listed.problem_code or "",
        encoding=found.get("encoding", ""),
        columns=columns_of(listed),
        sample=tuple(tuple(row) for row in found.get("sample", ())),
        rows=found.get("rows", 0),
        guess=layout_of(found["guess"]) if found.get("guess") else None,
        layout=layout_of(json.loads(listed.layout)) if listed.layout else None,
        duplicates=listed.duplicates,
        problems=tuple(ListProblem(**each) for each in found.get("problems", ())),
        problem_count=problems,
        problem_counts=found.get("problem_counts", {}),
        duplicate_rows=tuple(ListDuplicate(**each) for each in found.get("duplicates", ())),
        duplicate_count=found.get("duplicate_count", 0),
        counts=counts_of(listed),
        root=document["list_root"] if document else "",
        count=document["count"] if document else 0,
        open_problems=listed.state not in _READY or bool(problems) or refused,
        document=document,
    )
