"""People for draws."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.draws.acting import Ceremony, Person, acts

MakeCeremony = Callable[..., Ceremony]


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
