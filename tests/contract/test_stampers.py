from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.stamper_contract import StamperContract
from tests.timestamping.tsa_server import TestTsa, pki_of_today, responding, serving
from timestamping import Stamper
from timestamping.registry import open_stampers


def _embedded(base: Path, _: ExitStack) -> Stamper:
    from timestamping.authority.pki import Pki

    pki = Pki.open(
        base / "pki", passphrase=None, base_url="http://127.0.0.1:1", organisation="Test Notary"
    )
    return open_stampers("embedded:", authority=pki.authority(), base=base)


def _http(base: Path, stack: ExitStack, name: str = "one") -> Stamper:
    pki = pki_of_today()
    (base / f"{name}.pem").write_bytes(pki.root.pem)
    url = stack.enter_context(serving(responding(TestTsa(pki).respond)))
    return open_stampers(f"{url}#trust={name}.pem&label={name}", base=base)


def _several(mode: str) -> Callable[[Path, ExitStack], Stamper]:
    def open_several(base: Path, stack: ExitStack) -> Stamper:
        from timestamping.multi import MultiStamper

        stampers = [_embedded(base, stack), _http(base, stack, "two")]
        return MultiStamper(stampers, mode)  # type: ignore[arg-type]

    return open_several


#: One line for each stamper.
STAMPERS: dict[str, Callable[[Path, ExitStack], Stamper]] = {
    "embedded": _embedded,
    "http": _http,
    "multi, fallback": _several("fallback"),
    "multi, costamp": _several("costamp"),
}


class TestStampers(StamperContract):
    @pytest.fixture(params=STAMPERS)
    def stamper(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stamper]:
        with ExitStack() as stack:
            yield stack.enter_context(STAMPERS[request.param](tmp_path, stack))
