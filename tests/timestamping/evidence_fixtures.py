"""Fixtures over :mod:`tests.timestamping.evidence`, shared by three folders of tests."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.timestamping.evidence import CONTENT, House, sealer_of
from timestamping.letter import LetterData, issue_letter
from timestamping.package import Original, PackageParts, build_package
from timestamping.pdf.sealer import Sealer


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House.at(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="session")
def sealer(house: House) -> Sealer:
    return sealer_of(house)


@pytest.fixture(scope="session")
def deposit(house: House) -> LetterData:
    return house.deposit(co_stamp=True)


@pytest.fixture(scope="session")
def letter(deposit: LetterData, sealer: Sealer) -> bytes:
    return issue_letter(deposit, sealer)


@pytest.fixture(scope="session")
def package(deposit: LetterData, letter: bytes) -> bytes:
    """A package with its original inside."""
    out = io.BytesIO()
    original = Original("合同 contract.pdf", lambda: io.BytesIO(CONTENT))
    build_package(PackageParts(deposit, letter, original), out)
    return out.getvalue()


@pytest.fixture
def package_file(package: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "package.zip"
    path.write_bytes(package)
    return path
