"""c2sp.org/tlog-witness as a node of ours speaks it, and what it refuses of a log."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter.checkpoint import sign_checkpoint, verify_cosignature
from chain_adapter.digest import digest_of
from chain_adapter.merkle import leaf_hash, root_of
from chain_adapter.node.block import NO_BLOCK, Block
from chain_adapter.note import ED25519, Note, NoteSigner, SignatureLine, VerifierKey
from chain_adapter.tlog import TlogLedger
from tests.chain_adapter.node.conftest import MakeNode, NodeHere
from tests.chain_adapter.node.serving import (
    LogServer,
    Platform,
    Said,
    ask,
    forged,
    submission_of,
)
from timestamping import TrustStore, verify_token


def cosigned(said: Said, node: NodeHere, log: LogServer) -> None:
    """The answer is the node's good cosignature of the log's newest checkpoint."""
    assert said.status == 200, said.text
    note = Note.parse("x\n\n" + said.text)
    (line,) = note.signatures
    key = VerifierKey(node.node.name, node.node.signer.verifier.public)
    verify_cosignature(key, Note.parse(log.ledger.latest()).text, line)


def test_a_checkpoint_is_cosigned_and_answered_with_its_block(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    said = node.submit(log.append(platform.deposits("first", 3)))
    cosigned(said, node, log)
    assert said.headers["content-type"].startswith("text/plain")
    seq, digest = said.headers["notary-block"].split()
    block = ask(f"{node.url}/blocks/{seq}").json()
    assert block["sha256"] == digest == hashlib.sha256(block["block"].encode()).hexdigest()
    token = b64decode(block["token"])
    trust = TrustStore.from_pem(platform.stamps.roots)
    assert verify_token(token, trust, digest=digest_of(block["block"].encode())).ok
    status = node.status()["logs"][0]
    assert (status["size"], status["behind"], status["refusals"]) == (3, False, [])
    assert status["block"] == {"seq": int(seq), "sha256": digest}


def test_blocks_are_chained_and_say_what_was_taken_over(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    for name, count in (("one", 1), ("two", 4)):
        log.append(platform.deposits(name, count))
        assert node.add_checkpoint(log).status == 200
    blocks = [
        Block.from_json(ask(f"{node.url}/blocks/{seq}").json()["block"].encode()) for seq in (1, 2)
    ]
    assert [(block.first, block.last, block.size) for block in blocks] == [(0, 0, 1), (1, 4, 5)]
    assert blocks[0].prev == NO_BLOCK
    assert blocks[1].prev == hashlib.sha256(blocks[0].to_json()).digest()
    assert blocks[1].checkpoint == log.ledger.latest()
    assert ask(f"{node.url}/blocks/3").status == 404


def test_the_same_checkpoint_again_is_cosigned_again_without_a_new_block(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    submission = log.append(platform.deposits("same", 2))
    first = node.submit(submission)
    again = node.submit(replace(submission, old=2, proof=()))
    cosigned(again, node, log)
    assert again.headers["notary-block"] == first.headers["notary-block"]


def test_an_empty_log_is_cosigned(node: NodeHere, log: LogServer) -> None:
    cosigned(node.submit(log.submission()), node, log)


def test_409_tells_the_size(node: NodeHere, log: LogServer, platform: Platform) -> None:
    log.append(platform.deposits("size", 3))
    assert node.add_checkpoint(log).status == 200
    log.append(platform.deposits("more", 2))
    said = node.submit(log.submission(0))
    assert (said.status, said.text) == (409, "3\n")
    assert said.headers["content-type"] == "text/x.tlog.size"
    assert node.refusals() == []  # asking for the size is no offence
    cosigned(node.submit(log.submission(3)), node, log)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 00\n\n{note}",
        b"old -1\n\n{note}",
        b"new 0\n\n{note}",
        b"old 9\n\n{note}",
        b"old 0\nAAAA\n\n{note}",
        b"old 0\n" + b"A" * 43 + b"=\n" * 1 + b"\n{note}x",
        b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\n{note}",
        b"old 0\n\n\xff\xfe",
        b"old 0\n\nnotary.example/ledger\n1\n\n",
    ],
)
def test_400_what_is_malformed(node: NodeHere, log: LogServer, body: bytes) -> None:
    said = ask(f"{node.url}/add-checkpoint", body.replace(b"{note}", log.ledger.latest().encode()))
    assert (said.status, said.code) == (400, "malformed")
    assert node.status()["refusals"][-1]["code"] == "malformed"


def test_404_a_log_this_node_does_not_follow(node: NodeHere, log: LogServer) -> None:
    signer = NoteSigner("stranger.example", Ed25519PrivateKey.generate())
    note = sign_checkpoint(signer, 0, bytes(32), node.node.started).note
    said = ask(f"{node.url}/add-checkpoint", b"old 0\n\n" + note.encode())
    assert (said.status, said.code) == (404, "unknown_log")


def resigned(log: LogServer, *lines: SignatureLine) -> bytes:
    note = Note.parse(log.ledger.latest())
    return b"old 0\n\n" + Note(note.text, lines).encode().encode()


def test_403_signatures_unknown_wrong_and_twice(node: NodeHere, log: LogServer) -> None:
    note = Note.parse(log.ledger.latest())
    plain, timed = note.signatures
    other = NoteSigner(log.ledger.id, Ed25519PrivateKey.generate())
    unknown = other.line(ED25519, note.text.encode())
    broken = SignatureLine(plain.name, plain.key_id, bytes(64))
    url = f"{node.url}/add-checkpoint"
    for lines, code in (
        ((unknown,), "unknown_signature"),
        ((timed,), "unknown_signature"),
        ((broken, timed), "signature"),
        ((plain, timed, plain), "duplicate_signature"),
        ((plain, broken), "duplicate_signature"),
        ((plain, unknown, unknown), "duplicate_signature"),
    ):
        said = ask(url, resigned(log, *lines))
        assert (said.status, said.code) == (403, code)
        assert code in node.refusals()
    # Lines of strangers beside the log's own are ignored.
    assert ask(url, resigned(log, unknown, plain)).status == 200


def test_a_fork_of_the_same_size_is_refused_and_kept(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    submission = log.append(platform.deposits("fork", 3))
    assert node.submit(submission).status == 200
    fork = forged(replace(submission, old=3, proof=()), log.ledger, 3, bytes(32))
    said = node.submit(fork)
    assert (said.status, said.code) == (409, "fork")
    assert node.refusals() == ["fork"]
    ((_, code, _, note),) = node.node.refusals.kept(1, 9)
    assert (code, note) == ("fork", fork.note.encode())
    assert node.submit(fork).status == 409
    assert node.refusals() == ["fork"]  # the same again is one refusal


def test_old_checkpoints_do_not_push_the_proof_of_a_fork_out(
    node: NodeHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody has some: each package brings one."""
    monkeypatch.setattr("chain_adapter.node.refusals._KEPT", 4)
    refusals = node.node.refusals
    refusals.keep(1, "fork", "another tree", "the forked checkpoint")
    for number in range(12):
        refusals.keep(1, "rollback", "old", f"checkpoint {number}")
        refusals.keep(1, "rollback", "old", "checkpoint 0")
    codes = [code for _, code, _, _ in refusals.kept(1, 99)]
    assert codes == ["fork", *["rollback"] * 4]


def test_a_fork_that_grows_fails_its_proof(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    assert node.submit(log.append(platform.deposits("grow", 3))).status == 200
    submission = replace(log.append(platform.deposits("more", 2)), old=3, proof=(bytes(32),) * 2)
    said = node.submit(submission)
    assert (said.status, said.code) == (422, "proof")
    rewritten = forged(log.submission(3), log.ledger, 5, bytes(32))
    assert node.submit(rewritten).code == "proof"
    assert node.refusals() == ["proof", "proof"]
    cosigned(node.submit(log.submission(3)), node, log)


def test_a_log_that_goes_back_is_refused(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    before = log.append(platform.deposits("before", 2))
    log.append(platform.deposits("after", 2))
    assert node.add_checkpoint(log).status == 200
    said = node.submit(before)
    assert (said.status, said.code, said.text) == (409, "rollback", "4\n")
    changed = forged(before, log.ledger, 2, bytes(32))
    assert node.submit(changed).code == "fork"  # an older tree, and not even that one
    assert node.refusals() == ["rollback", "fork"]


def test_a_log_that_lies_about_its_entries_fails_step_7(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    submission = log.append(platform.deposits("true", 2))
    false = [entry.encode() for entry, _ in platform.deposits("true", 2)[::-1]]
    log.lies["tile/entries/000.p/2"] = b"".join(
        len(each).to_bytes(2, "big") + each for each in false
    )
    log.lies["supplement/0-1"] = lambda body: json.dumps(
        {"first": 0, "items": json.loads(body)["items"][::-1]}
    ).encode()
    said = node.submit(submission)
    # The order is another, and so are the tokens: whichever is found first, nothing is taken.
    assert said.status == 422
    log.lies.clear()
    log.lies["tile/entries/000.p/2"] = b"\x00\x00" * 2
    assert node.submit(submission).code == "entry"
    assert node.status()["logs"][0]["size"] == 0
    log.lies.clear()
    cosigned(node.submit(submission), node, log)


def test_a_root_that_the_entries_do_not_have_fails_step_7(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    submission = log.append(platform.deposits("root", 2))
    said = node.submit(forged(submission, log.ledger, 2, bytes(32)))
    assert (said.status, said.code) == (422, "root")
    assert node.node.logs[log.ledger.id].copy.reach() == 0
    cosigned(node.submit(submission), node, log)


def test_a_key_recorded_twice_fails_step_7(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    (first,) = platform.deposits("twice", 1)
    submission = log.append([first])
    second = platform.deposit("twice-0", by="account:2")
    entries = [first[0].encode(), second[0].encode()]
    log.lies["tile/entries/000.p/2"] = b"".join(
        len(each).to_bytes(2, "big") + each for each in entries
    )
    log.lies["supplement/0-1"] = json.dumps(
        {"first": 0, "items": [beside.to_object() for _, beside in (first, second)]}
    ).encode()
    root = root_of([leaf_hash(each) for each in entries])
    said = node.submit(forged(submission, log.ledger, 2, root))
    assert (said.status, said.code) == (422, "replay")
    assert "step 7" in node.status()["logs"][0]["refusals"][0]["detail"]


def test_a_refused_entry_names_its_step_and_nothing_is_stored(
    make: MakeNode, log: LogServer, platform: Platform
) -> None:
    node = make(more="[extra]\n")
    submission = log.append([platform.deposit("good"), platform.deposit("bad", by="account:1")])
    log.supplements["deposit:bad"] = None
    said = node.submit(submission)
    assert (said.status, said.code) == (422, "supplement")
    assert "entry 1, step 5" in said.text
    status = node.status()["logs"][0]
    assert (status["size"], status["behind"], status["block"]) == (0, True, None)


def test_503_when_the_log_or_the_tsa_is_down_and_nothing_is_stored(
    make: MakeNode, log: LogServer, platform: Platform
) -> None:
    node = make(stamper="http://127.0.0.1:9/tsa", stamper_trust=str(platform.stamps.roots))
    submission = log.append(platform.deposits("late", 2))
    said = node.submit(submission)
    assert (said.status, said.code) == (503, "stamper")
    assert node.status()["logs"][0]["size"] == 0
    elsewhere = make("b", url="http://127.0.0.1:9/ledger")
    said = elsewhere.submit(submission)
    assert (said.status, said.code) == (503, "log_unreachable")
    assert elsewhere.refusals() == []  # our trouble is nobody's offence


def test_a_bundle_of_100_megabytes_is_not_read(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    submission = log.append(platform.deposits("huge", 2))
    log.lies["tile/entries/000.p/2"] = bytes(100 * 1024 * 1024)
    said = node.submit(submission)
    assert (said.status, said.code) == (422, "bundle")
    assert "the log lies" in said.text
    log.lies["tile/entries/000.p/2"] = b"\x00"
    assert node.submit(submission).code == "bundle"
    log.lies["tile/entries/000.p/2"] = lambda body: body[:-1]
    assert node.submit(submission).code == "bundle"
    log.lies = {"supplement/0-1": b"[]"}
    assert node.submit(submission).code == "supplement"
    log.lies = {}
    cosigned(node.submit(submission), node, log)


def test_another_log_of_the_same_name_is_a_stranger(
    node: NodeHere, log: LogServer, platform: Platform, tmp_path
) -> None:
    with TlogLedger(tmp_path / "other", origin=log.ledger.id) as other:
        other.append([platform.deposit("x")[0]])
        said = node.submit(submission_of(other, other.latest()))
    assert (said.status, said.code) == (403, "unknown_signature")
