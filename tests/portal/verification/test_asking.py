"""Numbers and digests as people type, paste and scan them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.problems import BadInput
from portal.verification.asking import read_digest, read_question

SHA = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"


@pytest.mark.parametrize(
    "typed",
    [
        "2026-DEMO-000123",
        " no. 2026-demo-123 ",
        "（2026）DEMO证字第000123号",
        "(2026) DEMO 证字第 123 号",
        "２０２６－ＤＥＭＯ－０００１２３",
        "https://notary.example/verify/2026-DEMO-000123",
        "https://notary.example/v/2026-DEMO-000123?x=1#y",
    ],
)
def test_certificates(typed: str) -> None:
    question = read_question(typed)
    assert (question.kind, question.text) == ("certificate", "2026-DEMO-000123")


@pytest.mark.parametrize(
    "typed",
    [
        SHA,
        SHA.upper(),
        f"sha256:{SHA}",
        f"SHA-256 = {SHA}",
        " ".join(SHA[at : at + 8] for at in range(0, 64, 8)),
        ":".join(SHA[at : at + 2] for at in range(0, 64, 2)),
    ],
)
def test_digests(typed: str) -> None:
    question = read_question(typed)
    assert (question.kind, question.text) == ("digest", SHA)


@pytest.mark.parametrize("typed", ["z" * 64, "0" * 63 + "g"])
def test_as_long_as_a_digest_but_none(typed: str) -> None:
    with pytest.raises(BadInput):
        read_question(typed)
    with pytest.raises(BadInput):
        read_digest(typed)


def test_letters() -> None:
    for typed in ("NE20261121-7K3M9QXT", "ne20261121 7k3m9qxt", "7K3M9QXT"):
        assert read_question(typed).kind == "number"
    scanned = read_question("https://notary.example/verify/NE20261121-7K3M9QXT")
    assert scanned.text == "NE20261121-7K3M9QXT"


@given(st.text(max_size=300))
def test_whatever_is_typed_is_a_question_or_refused(typed: str) -> None:
    try:
        question = read_question(typed)
    except BadInput:
        return
    assert question.kind in ("digest", "certificate", "number")
    assert question.kind != "digest" or len(question.text) == 64
