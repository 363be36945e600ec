from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_adapter.consortium import Domain, Rule
from portal.services import Services, build_services
from portal.settings import Settings
from tests.chain_adapter.consortium.people import World
from tests.portal.consortium.portal_world import PortalWorld, rule_for
from tests.portal.templates import Fill


@pytest.fixture
def rule(tmp_path: Path) -> Rule:
    """The rule the portal is given. It names no platform, so nobody deposits without a key."""
    return rule_for("")


@pytest.fixture
def settings(make_settings: object, rule: Rule, tmp_path: Path) -> Settings:
    """Settings that name the rule's file."""
    path = tmp_path / "rule.json"
    path.write_bytes(rule.to_json())
    made: Settings = make_settings(consortium_rule=path)  # type: ignore[operator]
    return made


@pytest.fixture
def services(settings: Settings, fill: Fill) -> Iterator[Services]:
    fill(settings.database)
    built = build_services(settings)
    yield built
    built.close()


@pytest.fixture
def founded(services: Services, rule: Rule) -> PortalWorld:
    """The portal with its rule recorded, and a world that makes messages for it."""
    assert services.consortium.advance() >= 2
    world = World(rule, Domain.of_log(rule.digest, services.ledger.id))
    return PortalWorld(services, world)
