"""Depositors who sign, and a program of theirs that deposits."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from werkzeug.test import TestResponse

from chain_adapter import Transaction, digest_of
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.services import Services
from portal.signing.models import SigningKey
from portal.signing.possession import Possession
from tests.chain_adapter.keymaking import Signer, ed25519_signer
from tests.portal.client import PortalClient

URL = "/api/v1/deposits"


def pem_of(der: bytes) -> str:
    return load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def actor_of(user: User) -> Actor:
    return Actor(user.id, user.name, user.role_names, "127.0.0.1", "web")


def register(services: Services, user: User, signer: Signer, label: str = "Laptop") -> SigningKey:
    """As the page does: the key signs the portal's challenge."""
    signing, actor = services.signing, actor_of(user)
    tools = services.deposits.tools
    challenge = signing.challenge(actor)
    proof = Possession(tools.secret, signing.platform).statement(challenge, signer.key)
    value = signer.make(proof)
    if len(signer.key) == 32:
        return signing.add_public(actor, signer.key, label, challenge, value)
    return signing.add_certificate(actor, pem_of(signer.key), label, challenge, value)


class Program:
    """A program with an API key and a signer."""

    def __init__(self, client: PortalClient, key: str, platform: str, signer: Signer) -> None:
        self.client = client
        self.headers = client.bearer(key)
        self.platform = platform
        self.signer = signer

    def signature(
        self, content: bytes, deposit_id: str, *, platform: str = "", **changes: Any
    ) -> dict[str, Any]:
        """What the request says; ``changes`` go over it, None takes a member out."""
        digests = (digest_of(content),)
        by = self.signer.key_id
        said = Transaction("deposit", deposit_id, digests, by, platform or self.platform)
        value = self.signer.sign_bytes(said).hex()
        given = {"key_id": by, "algorithm": self.signer.algorithm, "value": value, **changes}
        return {name: each for name, each in given.items() if each is not None}

    def digest(
        self, content: bytes, deposit_id: object, signature: object, **headers: str
    ) -> TestResponse:
        body = {
            "digests": {"sha256": hashlib.sha256(content).hexdigest()},
            "id": deposit_id,
            "signature": signature,
        }
        return self.client.post(URL, json=body, headers=self.headers | headers)

    def file(self, content: bytes, deposit_id: str, signature: object) -> TestResponse:
        form = {
            "file": (io.BytesIO(content), "a.txt"),
            "id": deposit_id,
            "signature": json.dumps(signature),
        }
        return self.client.post(URL, data=form, headers=self.headers)


@pytest.fixture
def signer() -> Signer:
    return ed25519_signer()


@pytest.fixture
def signing_key(services: Services, user: User, signer: Signer) -> SigningKey:
    return register(services, user, signer)


@pytest.fixture
def program(
    client: PortalClient,
    api_key: str,
    services: Services,
    signer: Signer,
    signing_key: SigningKey,
) -> Program:
    """Whose signer is one of the user's keys."""
    assert signing_key.key_id == signer.key_id
    return Program(client, api_key, services.signing.platform, signer)


def new_id() -> str:
    return str(uuid.uuid4())
