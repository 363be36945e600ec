"""Uploads over real parts, with a clock that tests move."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable

import pytest

from chain_adapter import digest_of
from portal.audit.actor import Actor
from portal.deposits.tools import Tools
from portal.storage.files import FileVault
from portal.uploads.models import Upload
from portal.uploads.service import Body, NewFile, UploadService
from tests.portal.deposits.conftest import actor, clock, deposits, tools  # noqa: F401


@pytest.fixture
def uploads(tools: Tools) -> UploadService:  # noqa: F811
    return UploadService(tools)


@pytest.fixture
def draft() -> str:
    return str(uuid.uuid4())


def body_of(content: bytes, announced: int | None = None, **more: object) -> Body:
    """What a request brings; ``announced`` more than there is: the connection broke."""
    length = len(content) if announced is None else announced
    return Body(io.BytesIO(content).read, length, **more)  # type: ignore[arg-type]


NOTHING = body_of(b"")


def new_file(path: str, content: bytes, *, claimed: bool = True, **more: object) -> NewFile:
    digests = (digest_of(content),) if claimed else ()
    return NewFile(path, len(content), digests=digests, **more)  # type: ignore[arg-type]


Put = Callable[..., Upload]


@pytest.fixture
def put(uploads: UploadService, actor: Actor, draft: str) -> Put:  # noqa: F811
    """Upload a file whole, in one request."""

    def go(path: str, content: bytes, **more: object) -> Upload:
        return uploads.create(actor, draft, new_file(path, content, **more), body_of(content))

    return go


def kept(tools: Tools) -> set[str]:  # noqa: F811
    """The names of everything in the vault; nothing may be in its staging."""
    vault = tools.vault
    assert isinstance(vault, FileVault)
    assert not list(vault.staging.iterdir())
    return {path.stem for path in vault.objects.glob("*/*")}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
