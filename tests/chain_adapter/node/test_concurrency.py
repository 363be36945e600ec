"""Many at once: whatever the order, one history."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from chain_adapter.node.block import Block
from tests.chain_adapter.node.conftest import MakeNode, NodeHere
from tests.chain_adapter.node.serving import LogServer, Platform, Said, submission_of


def test_checkpoints_sent_at_once_are_cosigned_in_one_order(
    node: NodeHere, log: LogServer, platform: Platform
) -> None:
    notes = [log.append([deposit]).note.encode() for deposit in platform.deposits("at-once", 12)]

    def send(note: str) -> list[Said]:
        """As a log does: a 409 says from where to prove."""
        said = [node.submit(submission_of(log.ledger, note))]
        while said[-1].status == 409 and len(said) < 20:
            old = int(said[-1].text)
            submission = submission_of(log.ledger, note, old)
            if old > submission.checkpoint.size:
                break
            said.append(node.submit(submission))
        return said

    with ThreadPoolExecutor(8) as pool:
        answers = [said for many in pool.map(send, notes) for said in many]
    assert {said.status for said in answers} <= {200, 409}
    assert node.status()["logs"][0]["size"] == 12
    assert set(node.refusals()) <= {"rollback"}
    blocks = []
    with node.node.storage.read() as connection:
        rows = connection.execute("SELECT data FROM block ORDER BY seq").fetchall()
    for (data,) in rows:
        blocks.append(Block.from_json(data))
    assert [block.first for block in blocks] == [0, *(block.size for block in blocks[:-1])]


def test_two_logs_of_one_node_share_its_chain_of_blocks(
    make: MakeNode, log: LogServer, platform: Platform, tmp_path
) -> None:
    from chain_adapter.tlog import TlogLedger

    with (
        TlogLedger(tmp_path / "second", origin="second.example/ledger") as ledger,
        LogServer(ledger) as second,
    ):
        node = make()
        keys = f'{{ "{platform.key.key_id}" = "{platform.key.public.hex()}" }}'
        text = (node.folder / "node.toml").read_text()
        more = (
            f'[[log]]\nvkey = "{ledger.vkey}"\nurl = "{second.url}"\n'
            f'platforms = {keys}\ntsa = "{platform.stamps.roots}"\n\n[stamper]'
        )
        (node.folder / "node.toml").write_text(text.replace("[stamper]", more))
        node.again()
        for number, each in enumerate((log, second, log)):
            each.append(platform.deposits(f"shared-{number}", 1))
            old = node.node.logs[each.ledger.id].copy.head().size
            said = node.submit(each.submission(old))
            assert said.status == 200, said.text
            assert said.headers["notary-block"].startswith(f"{number + 1} ")
        assert [each["size"] for each in node.status()["logs"]] == [2, 1]
