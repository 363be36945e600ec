"""The composition root builds what the settings name, or says in one sentence why it cannot."""

from __future__ import annotations

import json
from io import StringIO

import pytest

import migrations
from chain_adapter import Fatal
from portal.services import Services, build_services
from tests.portal.conftest import MakeSettings
from timestamping.registry import InvalidSpec


def test_building_twice_gives_the_same_identity(
    services: Services, make_settings: MakeSettings
) -> None:
    again = build_services(make_settings())
    assert again.entry_key.key_id == services.entry_key.key_id
    assert again.pki.root == services.pki.root
    assert again.ledger.id == services.ledger.id
    again.close()


def test_the_ledger_keeps_its_name_when_the_portal_moves(make_settings: MakeSettings) -> None:
    first = build_services(make_settings(base_url="http://old.example"))
    name = first.ledger.id
    first.close()
    second = build_services(make_settings(base_url="http://new.example"))
    assert second.ledger.id == name
    second.close()


def test_the_ledgers_name_can_be_chosen_once(make_settings: MakeSettings) -> None:
    chosen = build_services(make_settings(ledger_origin="notary.example/log"))
    assert chosen.ledger.id == "notary.example/log"
    chosen.close()
    with pytest.raises(Fatal, match=r"notary\.example/log"):
        build_services(make_settings(ledger_origin="other.example/log"))


def test_several_ledgers_the_first_is_primary(make_settings: MakeSettings) -> None:
    both = build_services(make_settings(ledgers="tlog:ledger tlog:court#origin=court.example/log"))
    assert [ledger.id for ledger in both.ledgers][1] == "court.example/log"
    assert both.ledger is both.ledgers[0]
    both.close()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"stampers": "carrier-pigeon:"}, InvalidSpec, "carrier-pigeon"),
        ({"stampers": ""}, InvalidSpec, "no stamper"),
        ({"ledgers": ""}, ValueError, "LEDGERS"),
        ({"ledgers": "paper:book"}, Fatal, "paper"),
        ({"vault": "shoebox:under-the-bed"}, ValueError, "shoebox"),
    ],
)
def test_a_setting_that_does_not_hold_is_named(
    make_settings: MakeSettings, change: dict[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        build_services(make_settings(**change))


def test_an_outside_tsa_alone_leaves_no_authority(
    make_settings: MakeSettings, services: Services
) -> None:
    roots = services.settings.path("roots.pem")
    roots.write_text(services.pki.trust().roots_pem())
    outside = build_services(
        make_settings(stampers=f"https://tsa.example/tsr#trust={roots}&independent=1")
    )
    assert outside.authority is None
    assert outside.stamper.independent
    outside.close()


def test_both_digests_when_configured(make_settings: MakeSettings) -> None:
    built = build_services(make_settings(digests="sha256,sm3"))
    migrations.upgrade(built.database)
    with built.deposits.intake() as intake:
        intake.write(b"x")
        assert [digest.algorithm for digest in intake.complete().digests] == ["sha256", "sm3"]
    built.close()


def test_housekeeping_is_harmless_to_repeat(services: Services, logged: StringIO) -> None:
    services.housekeeping()
    services.housekeeping()
    assert "housekeeping_failed" not in logged.getvalue()


def test_what_fails_in_housekeeping_keeps_nothing_else_from_its_turn(
    services: Services, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, swept = [], []

    def fail() -> int:
        raise OSError("the disk is away")

    monkeypatch.setattr(services.vault, "sweep", fail)
    monkeypatch.setattr(services.mail, "forget_old", kept.append)
    monkeypatch.setattr(services.webhooks, "housekeeping", fail)
    monkeypatch.setattr(services.imports, "sweep", lambda: swept.append(True))
    services.housekeeping()
    assert kept == [services.settings.retention_mail_days]
    assert swept == [True]
    failed = [line for line in logged.getvalue().splitlines() if "housekeeping_failed" in line]
    assert [json.loads(line)["step"] for line in failed] == ["vault", "webhooks"]


def test_a_passphrase_locks_every_private_key(make_settings: MakeSettings) -> None:
    locked = make_settings(key_passphrase="correct horse")
    build_services(locked).close()
    for path in locked.path("keys").rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            assert b"BEGIN PRIVATE KEY" not in text, path
            assert b"AGE-SECRET-KEY" not in text, path
            assert b"BEGIN EC PRIVATE" not in text, path
    build_services(locked).close()
    with pytest.raises((ValueError, Fatal)):
        build_services(make_settings(key_passphrase="wrong"))
