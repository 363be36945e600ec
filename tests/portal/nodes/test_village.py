"""Four node programs watch the portal's ledger: letters name them, and wait for them by name."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter import EntryKey
from portal.accounts.service import create_user
from portal.audit.actor import Actor
from portal.deposits.evidence import proof_of, receipt_of
from portal.deposits.models import State
from portal.deposits.service import DepositService, Metadata
from portal.verification.judging import examine
from tests.portal.client import PASSWORD
from tests.portal.nodes.village import Village, village
from timestamping.letter.ledger_view import cosigned, signed_note

pytestmark = [pytest.mark.xdist_group("real-nodes"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    with village(tmp_path_factory.mktemp("village")) as made:
        yield made


def text_of(pdf: bytes, folder: Path) -> str:
    path = folder / "letter.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def letter_of(here: Village, deposit_id: str) -> bytes:
    return b"".join(here.services.deposits.letter(here.actor, deposit_id).stream)


def test_one_down_and_the_letter_names_three_of_four(here: Village, tmp_path: Path) -> None:
    here.nodes[3].kill()
    try:
        deposit = here.issued(here.deposit(b"one down"))
        receipt = receipt_of(deposit)
        trust = here.services.deposits.tools.ledger_trust()
        nodes = cosigned(receipt.ledger, signed_note(receipt, proof_of(deposit)), trust)
        assert nodes is not None
        assert nodes.names == ("node-a.example", "node-b.example", "node-c.example")
        text = text_of(letter_of(here, deposit.id), tmp_path)
        assert "4个节点中的3个已联署" in text
        assert "3of4depositnodes(node-a.example,node-b.example,node-c.example)" in text
        page = here.client().get(f"/deposits/{deposit.id}?lang=en").text
        for name in nodes.names:
            assert name in page
    finally:
        here.nodes[3].start()


def test_the_package_is_verified_by_anybody(here: Village, tmp_path: Path) -> None:
    deposit = here.issued(here.deposit(b"to be verified"))
    path = tmp_path / "package.zip"
    download = here.services.deposits.package(here.actor, deposit.id, with_original=True)
    path.write_bytes(b"".join(download.stream))
    examined = examine(path, here.services.deposits.trust())
    assert examined.package.ok, examined.package.failed
    (ledger,) = [each for each in examined.package.checks if each.code == "ledger"]
    assert " of 4: node-" in ledger.detail
    steps = [each.code for each in examined.package.steps["ledger"]]
    assert steps[-1] == "witness_quorum"
    answer = here.app.test_client().get(f"/verify/{deposit.number}", follow_redirects=True)
    assert "足够的存证节点" in answer.text


def test_two_down_it_waits_for_them_by_name_and_completes_by_itself(here: Village) -> None:
    client = here.client()
    for node in here.nodes[2:]:
        node.kill()
    try:
        deposit = here.deposit(b"two down")
        waiting = here.waits(deposit)
        assert (waiting.state, waiting.wait_reason) == (State.TIMESTAMPED, "ledger_quorum")
        assert waiting.awaited == "node-c.example node-d.example"
        page = client.get(f"/deposits/{deposit.id}").text
        assert "正在等待" in page
        assert "node-c.example" in page
        nodes = here.app.test_client().get("/api/v1/ledger/nodes").json
        assert nodes is not None
        here.work(lambda: here.services.nodes.now().awaited != ())
        seen = here.services.nodes.now()
        assert seen.awaited == ("node-c.example", "node-d.example")
        assert [str(each.standing) for each in seen.nodes][2:] == ["silent", "silent"]
        public = here.app.test_client().get("/nodes").text
        assert "无应答" in public
    finally:
        for node in here.nodes[2:]:
            node.start()
    done = here.issued(deposit)
    assert done.awaited is None
    acts = [each.action for each in here.services.deposits.custody(here.actor, deposit.id)]
    assert acts.count("deposit.issued") == 1


def test_nodes_refuse_a_platform_they_do_not_know(here: Village) -> None:
    tools = here.services.deposits.tools
    stranger = EntryKey(Ed25519PrivateKey.generate())
    deposits = DepositService(dataclasses.replace(tools, entry_key=stranger))
    intake = deposits.intake()
    intake.write(b"by a stranger")
    deposit = deposits.receive_file(here.actor, intake, Metadata()).deposit
    size = here.services.ledger.health().size
    while here.now(deposit).wait_reason is None:
        deposits.advance()
    found = here.now(deposit)
    assert found.wait_reason == "ledger_denied"
    assert "node-a.example" in (found.wait_detail or "")
    assert here.services.ledger.health().size == size
    page = here.client().get(f"/deposits/{deposit.id}").text
    assert "拒绝了该记录" in page


def test_operators_are_told_once_when_nodes_are_missing(here: Village) -> None:
    services = here.services
    create_user(
        services.database,
        here.settings,
        Actor.process("cli"),
        email="operator@example.com",
        name="运维",
        password=PASSWORD,
        roles=("operator",),
    )
    here.issued(here.deposit(b"before"))
    services.operators.advance()
    parts = {(each.kind, each.name): each for each in services.operators.overview().parts}
    assert parts["quorum", f"nodes of {services.ledger.id}"].last.ok
    assert parts["node", "node-a.example"].last.ok
    for node in here.nodes[:2]:
        node.kill()
    try:
        for _ in range(4):
            services.operators.advance()
    finally:
        for node in here.nodes[:2]:
            node.start()
    parts = {(each.kind, each.name): each for each in services.operators.overview().parts}
    together = parts["quorum", f"nodes of {services.ledger.id}"]
    assert not together.last.ok
    assert together.last.detail == (
        "2 of 4 nodes are there, 3 are needed; awaited: node-a.example, node-b.example"
    )
    assert not parts["node", "node-b.example"].last.ok
    assert parts["node", "node-c.example"].last.ok
    told = [each for each in services.mail.waiting() if each.recipient == "operator@example.com"]
    assert len(told) == 1
    assert "Alarm: too few nodes" in told[0].subject


def test_what_nodes_fetch_is_public(here: Village) -> None:
    deposit = here.issued(here.deposit(b"supplement"))
    position = receipt_of(deposit).position
    anybody = here.app.test_client()
    answer = anybody.get(f"/ledger/supplement/{position}-{position}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.json is not None
    (item,) = answer.json["items"]
    assert set(item) == {"token", "depositor", "content"}
    for wrong in ("5-4", "0-256", f"0-{position + 1000}", f"{10**30}-{10**30}"):
        assert anybody.get(f"/ledger/supplement/{wrong}").status_code == 404


def test_the_explorer_names_who_cosigned(here: Village) -> None:
    here.issued(here.deposit(b"explored"))
    page = here.app.test_client().get("/explorer").text
    assert "联署者" in page
    assert page.count("node-") >= 3
