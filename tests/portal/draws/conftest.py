"""People for draws."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lottery import entries
from lottery.entries import ListError, ListKeys, Rules
from portal.draws import ingesting
from portal.draws.child import Abandoned, Refused
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.draws.acting import Ceremony, Person, acts

MakeCeremony = Callable[..., Ceremony]
Told = Callable[[int, int, str], bool]


@pytest.fixture(autouse=True)
def lists_in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are read here rather than in a process of their own, which spares each test seconds;
    tests that ask for ``child`` have the real thing."""
    if "child" not in request.fixturenames:
        monkeypatch.setattr(ingesting, "read_list", read_here)


@pytest.fixture
def child() -> None:
    """The process that reads lists is a real one."""


def read_here(mode: str, task: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """As :func:`portal.draws.child.read_list`."""
    path, rules = Path(task["path"]), Rules.of(task["rules"])
    layout = task["layout"] and entries.Layout.of(task["layout"])
    try:
        if mode == "survey":
            found = entries.survey(path, layout, rules).document()
            return dict(json.loads(json.dumps(found)))
        keys = ListKeys(**{name: bytes.fromhex(key) for name, key in task["keys"].items()})
        return entries.commit(path, layout, rules, keys, task["draw"], Path(task["folder"]))
    except ListError as error:
        raise Refused(error.code, str(error)) from error
    finally:
        if not told(1, 1, mode):
            raise Abandoned


@pytest.fixture
def make_ceremony(services: Services, make_user: MakeUser) -> MakeCeremony:
    """An organiser, a notary and as many of the public as wanted, with nothing planned yet."""

    def make(public: int = 0) -> Ceremony:
        return Ceremony(
            services,
            Person("organiser", acts(make_user("organiser", name="王组织"))),
            Person("notary", acts(make_user("notary", name="李公证"))),
            tuple(
                Person(f"public-{number}", acts(make_user(name=f"公众{number}")))
                for number in range(1, public + 1)
            ),
        )

    return make


@pytest.fixture
def ceremony(make_ceremony: MakeCeremony) -> Ceremony:
    return make_ceremony()
