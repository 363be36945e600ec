"""Records bent by people who may sign: whatever is changed is chained and signed anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Any

from lottery.canonical import canonical
from lottery.config import Config
from lottery.listing import Listing, draw_hash, list_sha256
from lottery.party import Party
from lottery.randomness.dice import dice_value
from lottery.stages import draw_all
from lottery.statements import PREFIX as STATEMENT
from lottery.steps import PREFIX as STEP
from lottery.steps import START
from lottery.transcript import assemble
from lottery.verifier import Report, verify
from tests.lottery.building import Draw, chain

PRIVATE = {name: value for name, value in chain().document([]).items() if name != "rounds"}


class Forgery:
    """A finished draw's documents, to be changed in place. :meth:`judge` seals and verifies.

    ``helpers`` are the parties that help the forger; everybody's signature is at hand then only
    for their statements. The portal always seals the steps.
    """

    def __init__(self, made: Draw, helpers: Collection[str] | None = None) -> None:
        self.parties: dict[str, Party] = made.parties
        self.steps: list[dict[str, Any]] = [json.loads(each) for each in made.steps]
        self.helpers = set(made.parties if helpers is None else helpers)
        self.private = "drand" in made.plan.public

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.steps if each["type"] == kind]

    def one(self, kind: str, which: int = 0) -> dict[str, Any]:
        return self.all(kind)[which]

    def said(self, kind: str, which: int = 0) -> dict[str, Any]:
        """The (first) statement of a step."""
        found: dict[str, Any] = self.one(kind, which)["statements"][0]["statement"]
        return found

    @property
    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = self.steps[0]["body"]["config"]
        return found

    def rebind(self) -> None:
        """Follow up a change of config or list: hashes in bodies and in helpers' statements."""
        self.steps[0]["body"]["config_hash"] = hashlib.sha256(canonical(self.config)).hexdigest()
        listing = self.one("list")["body"]["list"]
        config_hash = self.steps[0]["body"]["config_hash"]
        digest = draw_hash(config_hash, listing["list_root"], listing["count"])
        self.one("list")["body"]["draw_hash"] = digest
        values = {
            "config_hash": config_hash,
            "draw_hash": digest,
            "list_root": listing["list_root"],
            "count": listing["count"],
            "list_sha256": list_sha256(listing),
        }
        for step in self.steps:
            for each in step["statements"]:
                if each["party"] in self.helpers:
                    said = each["statement"]
                    said.update({name: values[name] for name in values.keys() & said.keys()})

    def redraw(self, attempt: int = 1) -> None:
        """Seed, results and final as they follow from what the record of an attempt says now."""
        mine = [step for step in self.steps if step["attempt"] == attempt]
        by_type = {step["type"]: step for step in mine}
        secrets = {}
        for step in mine:
            if step["type"] == "reveal":
                secrets[step["statements"][0]["party"]] = step["statements"][0]["statement"][
                    "secret"
                ]
            elif step["type"] == "recover":
                secrets[step["body"]["dealer"]] = step["body"]["secret"]
        public = b""
        for source in self.config["randomness"]["public"]:
            if source == "dice":
                public += dice_value(by_type["dice"]["statements"][0]["statement"]["dice"])
            else:
                signature = bytes.fromhex(by_type["beacon"]["body"]["signature"])
                by_type["beacon"]["body"]["randomness"] = hashlib.sha256(signature).hexdigest()
                public += hashlib.sha256(signature).digest()
        data = b"lottery/seed/v1\n" + bytes.fromhex(self.one("list")["body"]["draw_hash"])
        data += attempt.to_bytes(4, "big")
        for party in self.config["parties"]:
            data += bytes.fromhex(secrets[party["id"]])
        seed = hashlib.sha256(data + public).digest()
        by_type["seed"]["body"] = {"seed": seed.hex(), "public": public.hex()}
        self.results_of(seed, attempt)

    def results_of(self, seed: bytes, attempt: int = 1) -> None:
        """The results of any seed, and the final that sums them up."""
        config = Config.parse(self.config)
        listing = Listing.parse(self.one("list")["body"]["list"], config)
        steps = [step for step in self.all("result") if step["attempt"] == attempt]
        for step, result in zip(steps, draw_all(config, listing, seed), strict=True):
            step["body"] = result.body()
        self.finalise(attempt, seed.hex())

    def finalise(self, attempt: int = 1, seed: str = "") -> None:
        """positions_sha256 of lists that were changed, and the final."""
        digests = b""
        for step in self.all("result"):
            if step["attempt"] == attempt:
                body = step["body"]
                words = [*body["winners"], *body["alternates"]]
                packed = b"".join(each.to_bytes(4, "big") for each in words)
                body["positions_sha256"] = hashlib.sha256(packed).hexdigest()
                digests += bytes.fromhex(body["positions_sha256"])
        for step in self.all("final"):
            if step["attempt"] == attempt:
                step["body"]["results_sha256"] = hashlib.sha256(digests).hexdigest()
                step["body"]["seed"] = seed or step["body"]["seed"]

    def seal(self) -> bytes:
        """Number, chain and sign everything anew; others' signatures stay what they were."""
        sealed: list[bytes] = []
        for number, step in enumerate(self.steps):
            head = hashlib.sha256(sealed[-1]).hexdigest() if sealed else START
            step.update(n=number, prev=head)
            if step["type"] == "void" and step["body"]["head"] != "ff" * 32:
                step["body"]["head"] = head
                for each in step["statements"]:
                    if each["party"] in self.helpers:
                        each["statement"]["head"] = head
            for each in step["statements"]:
                if each["party"] in self.helpers:
                    signer = self.parties[each["party"]].signer
                    each["signature"] = signer.sign(STATEMENT + canonical(each["statement"])).hex()
            unsigned = {name: value for name, value in step.items() if name != "signature"}
            signer = self.parties["portal"].signer
            step["signature"] = signer.sign(STEP + canonical(unsigned)).hex()
            sealed.append(canonical(step))
        return assemble(sealed)

    def judge(self, **options: Any) -> Report:
        return verify(self.seal(), chain=PRIVATE if self.private else None, **options)

    def failed(self) -> list[str]:
        """The checks that fail."""
        return self.judge().failed()


def why(report: Report, key: str) -> str:
    """What the check of that key says."""
    return next(check.detail for check in report.checks if check.key == key)
