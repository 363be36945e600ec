"""What is seen to be right at a glance is right to the schema, and reads the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from portal.deposits.bodies import loaded, plainly_right
from portal.deposits.schemas import NewDigestSchema

_DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2**53 + 2),
    st.floats(),
    st.text(max_size=5),
)
_NAMES = st.sampled_from(["digests", "title", "note", "filename", "media_type", "size", "sha256"])
_DIGESTS = st.dictionaries(st.sampled_from(["sha256", "sm3", "x"]), st.just(_DIGEST) | _SCALARS)
_BODIES = st.dictionaries(_NAMES, _SCALARS | _DIGESTS).flatmap(
    lambda body: st.sampled_from([body, body | {"digests": {"sha256": _DIGEST}}])
)


@given(_BODIES)
def test_a_glance_agrees_with_the_schema(body: dict[str, Any]) -> None:
    seen = plainly_right(body)
    try:
        found = NewDigestSchema().load(body)
    except ValidationError:
        assert seen is None
        return
    assert seen is None or seen == found
    assert {name: type(value) for name, value in loaded(body).items()} == {
        name: type(value) for name, value in found.items()
    }


def test_every_field_of_the_schema_is_known_at_a_glance() -> None:
    whole = {"digests": {"sha256": _DIGEST}, "size": 2**53 - 1}
    whole |= dict.fromkeys(["title", "note", "filename", "media_type"], "text")
    # A signed deposit is left to the schema: looking after its signature takes longer anyhow.
    unsigned = dict.fromkeys(["id", "signature"])
    assert (whole | unsigned).keys() == NewDigestSchema().fields.keys()
    assert plainly_right(whole) == NewDigestSchema().load(whole) == whole | unsigned
    assert plainly_right(whole | unsigned) is None


@pytest.mark.parametrize(
    "more", [{"size": True}, {"size": 2**53}, {"size": -1}, {"title": None}, {"other": ""}]
)
def test_what_is_wrong_is_left_to_the_schema(more: dict[str, Any]) -> None:
    assert plainly_right({"digests": {"sha256": _DIGEST}} | more) is None
