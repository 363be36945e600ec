"""One office for all tests of certificates, and what it signed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.timestamping.certificate.office import SECOND_PERSON, Bureau
from tests.timestamping.evidence import House
from tests.timestamping.judging import judging_once


@pytest.fixture(autouse=True, scope="package")
def judged_once() -> Iterator[None]:
    """What stays as it is while something around it changes is judged once."""
    with judging_once():
        yield


@pytest.fixture(scope="session")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    return Bureau.of(House.at(tmp_path_factory.mktemp("bureau")))


@pytest.fixture(scope="session")
def certificate(bureau: Bureau) -> bytes:
    """Signed by one notary."""
    return bureau.sign(bureau.data())


@pytest.fixture(scope="session")
def certificate_of_two(bureau: Bureau) -> bytes:
    return bureau.sign(bureau.data(second=SECOND_PERSON))
