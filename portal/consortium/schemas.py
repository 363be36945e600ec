"""What the consortium's endpoints give."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from chain_adapter.consortium import PERMISSIONS
from chain_adapter.consortium.shapes import names_of, shown
from portal.consortium.shown import Account, Overview, Shown

_ID = {"pattern": "^[0-9a-f]{64}$", "example": "3f" * 32}
_ADDRESS = {"pattern": "^0x[0-9a-f]{40}$", "example": "0x" + "5a" * 20}


class DomainSchema(Schema):
    """Where signatures count (EIP-712)."""

    consortium = fields.String(required=True, metadata=_ID)
    chain = fields.Integer(required=True, metadata={"example": 0})
    contract = fields.String(required=True, metadata=_ADDRESS)


class ConsortiumSchema(Schema):
    """The rule in force."""

    version = fields.Integer(required=True, metadata={"example": 1})
    digest = fields.String(required=True, metadata=_ID)
    rule = fields.Dict(required=True, metadata={"description": "See docs/consortium.md."})
    authorities = fields.List(fields.String(metadata=_ADDRESS), required=True)
    regulators = fields.List(fields.String(metadata=_ADDRESS), required=True)
    domain = fields.Nested(DomainSchema, required=True)
    counted = fields.Integer(
        required=True, metadata={"description": "Messages carried out.", "example": 12}
    )


class MemberSchema(Schema):
    """An account."""

    identity = fields.String(required=True, metadata=_ID)
    account = fields.String(required=True, metadata=_ADDRESS)
    key = fields.String(
        required=True, metadata={"description": "SHA-256 of the deposit key's id, or empty."}
    )
    kind = fields.Integer(
        required=True,
        metadata={"description": "1 organisation, 2 department, 3 person.", "example": 3},
    )
    parent = fields.String(required=True, metadata={"description": "Identity above, or empty."})
    level = fields.String(required=True, metadata={"example": "deposits"})
    permissions = fields.List(fields.String(metadata={"example": "deposit"}), required=True)
    standing = fields.String(
        required=True,
        metadata={
            "description": "`active`, `limited`, `branch_blocked`, `blacklisted`, `removed`.",
            "example": "active",
        },
    )
    round = fields.Integer(required=True, metadata={"example": 0})


class MemberListSchema(Schema):
    items = fields.List(fields.Nested(MemberSchema), required=True)


class WaySchema(Schema):
    """One way to complete a message."""

    kind = fields.String(required=True, metadata={"example": "group"})
    name = fields.String(required=True, metadata={"example": "council"})
    need = fields.Integer(required=True, metadata={"example": 3})
    got = fields.Integer(required=True, metadata={"example": 1})
    open = fields.List(fields.String(), required=True)


class MessageSchema(Schema):
    """A message and how far it has come."""

    id = fields.String(required=True, metadata=_ID)
    type = fields.String(required=True, metadata={"example": "blacklist"})
    member = fields.String(required=True, metadata={"description": "Identity, or empty."})
    state = fields.String(
        required=True,
        metadata={
            "description": "`collecting`, `ready`, `timestamped`, `anchored`, `refused`.",
            "example": "collecting",
        },
    )
    refusal = fields.String(
        required=True, allow_none=True, metadata={"description": "Code of docs/consortium.md."}
    )
    position = fields.Integer(
        required=True, allow_none=True, metadata={"description": "On the ledger."}
    )
    content = fields.String(required=True, metadata={"description": "The message's JSON."})
    ways = fields.List(fields.Nested(WaySchema), required=True)


def shown_overview(found: Overview) -> dict[str, Any]:
    return {
        "version": found.version,
        "digest": found.rule.digest.hex(),
        "rule": found.rule.to_object(),
        "authorities": list(found.authorities),
        "regulators": list(found.regulators),
        "domain": {
            "consortium": found.domain.consortium.hex(),
            "chain": found.domain.chain,
            "contract": shown(found.domain.contract),
        },
        "counted": found.counted,
    }


def shown_account(found: Account) -> dict[str, Any]:
    return {
        "identity": found.identity,
        "account": found.account,
        "key": found.deposit_key,
        "kind": found.member.kind,
        "parent": found.parent,
        "level": found.level,
        "permissions": names_of(found.permissions, PERMISSIONS),
        "standing": found.standing,
        "round": found.member.round,
    }


def shown_message(found: Shown) -> dict[str, Any]:
    row = found.row
    return {
        "id": row.id,
        "type": found.type,
        "member": row.member,
        "state": row.state,
        "refusal": row.refusal or found.effect or None,
        "position": row.position,
        "content": row.content.decode(),
        "ways": [
            {
                "kind": way.kind,
                "name": way.name,
                "need": way.need,
                "got": way.got,
                "open": list(way.open),
            }
            for way in found.ways
        ],
    }
