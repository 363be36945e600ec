"""Whether an entry deserves this node's cosignature: steps 1 to 6 of seven.

Each new entry passes, in this order; the first step that fails names itself:

1. legitimacy: it is a well-formed entry in canonical form, of a kind this node takes
2. permission: its platform is one this node takes entries from; under a consortium's rule, whoever
   deposits is a member who may do this, and a member message is one that counts
3. its platform signed it
4. its depositor signed the transaction, when it carries a depositor's signature or names a key
5. its RFC 3161 token is the one it commits to, over its SHA-256 digest, and good under the roots
   this node's operator believes in
6. its content, where content is public, has the digest it names

Step 7 concerns them together, see :mod:`chain_adapter.node.witnessing`.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from datetime import datetime
from typing import Final

from chain_adapter.entry import Entry
from chain_adapter.errors import InvalidEntry
from chain_adapter.keys import key_id_of, verify_signature
from chain_adapter.merkle import leaf_hash
from chain_adapter.node.config import LogConfig
from chain_adapter.node.members import MEMBER, Trial
from chain_adapter.node.voucher import Voucher
from chain_adapter.supplement import Supplement

#: How many supplements that passed are remembered, and how many bytes of them.
_REMEMBERED: Final = 4096
_REMEMBERED_BYTES: Final = 64 * 1024 * 1024


class Finding(Exception):
    """Step ``step`` failed; ``str()`` is one sentence."""

    def __init__(self, step: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.step, self.code, self.sentence = step, code, sentence


class Examiner:
    """Examines entries of one log; for any number of threads.

    What has passed steps 3 to 6 is remembered with its supplement for a while: a platform asks
    before it appends, and then the very same entries come back in the log.
    """

    def __init__(self, config: LogConfig, voucher: Voucher) -> None:
        self._config, self._voucher = config, voucher
        self._passed: OrderedDict[bytes, Supplement] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def remembered(self, data: bytes) -> Supplement | None:
        """What stood beside this entry when it passed, if that is still known."""
        with self._lock:
            return self._passed.get(leaf_hash(data))

    def examine(self, data: bytes, supplement: Supplement | None, trial: Trial) -> Entry:
        """The entry in ``data``, which has passed; ``trial`` has taken it.

        Raises:
            Finding: the first step that failed.
        """
        entry = self.legitimate(data)  # 1
        self._permitted(entry, trial)  # 2
        known = self.remembered(data)
        if known is None:
            self._platform_signed(entry)  # 3
            if supplement is None:
                raise Finding(5, "supplement", f"nothing is known of the token of {entry.key}")
            self._depositor_signed(entry, supplement)  # 4
            self._token_is_good(entry, supplement)  # 5
            self._content_fits(entry, supplement)  # 6
            self._remember(data, supplement)
        self._member_message(entry, known or supplement, trial)  # 2, of what 5 and 6 established
        return entry

    def legitimate(self, data: bytes) -> Entry:
        """Step 1 alone."""
        try:
            entry = Entry.decode(data)
        except InvalidEntry as error:
            raise Finding(1, "entry", str(error)) from error
        if self._config.kinds is not None and entry.kind not in self._config.kinds:
            raise Finding(1, "kind", f"this node takes no entries of kind {entry.kind}")
        return entry

    def _permitted(self, entry: Entry, trial: Trial) -> None:
        if entry.platform not in self._config.platforms:
            raise Finding(2, "platform", f"this node takes nothing from platform {entry.platform}")
        refusal = trial.refusal(entry)
        if refusal is not None:
            raise Finding(2, "member", refusal)

    def _platform_signed(self, entry: Entry) -> None:
        signature = entry.signature("platform")
        public = self._config.platforms[entry.platform]
        if signature is None or not verify_signature(entry, signature, public):
            raise Finding(3, "platform_signature", f"{entry.platform} has not signed {entry.key}")

    def _depositor_signed(self, entry: Entry, supplement: Supplement) -> None:
        signature = entry.signature("depositor")
        if signature is None and not entry.cosigned:
            return
        if signature is None:
            raise Finding(4, "depositor_signature", f"{entry.by} has not signed {entry.key}")
        if signature.key_id != entry.by:
            sentence = f"{entry.key} is signed by {signature.key_id}, not by {entry.by}"
            raise Finding(4, "depositor_signature", sentence)
        if not supplement.depositor or key_id_of(supplement.depositor) != entry.by:
            raise Finding(4, "depositor_key", f"the key of {entry.by} does not stand beside it")
        if not verify_signature(entry, signature, supplement.depositor):
            raise Finding(4, "depositor_signature", f"the signature of {entry.by} does not fit")

    def _token_is_good(self, entry: Entry, supplement: Supplement) -> None:
        if hashlib.sha256(supplement.token).digest() != entry.token:
            raise Finding(5, "token", f"the token of {entry.key} is another than it commits to")
        digest = next(each for each in entry.digests if each.algorithm == "sha256")
        reason = self._voucher.check(supplement.token, digest)
        if reason is not None:
            raise Finding(5, "token", f"the token of {entry.key} is not good: {reason}")

    def _content_fits(self, entry: Entry, supplement: Supplement) -> None:
        if supplement.content and not supplement.holds_content_of(entry):
            raise Finding(6, "content", f"the content beside {entry.key} has another digest")
        if entry.kind == MEMBER and not supplement.content:
            raise Finding(6, "content", f"{entry.key} comes without its content, which is public")

    def _member_message(self, entry: Entry, supplement: Supplement | None, trial: Trial) -> None:
        if entry.kind != MEMBER or supplement is None:
            return
        refusal = trial.take(entry.id, supplement.content, self.moment(supplement.token))
        if refusal is not None:
            raise Finding(2, "member", f"{entry.key} does not count: {refusal}")

    def moment(self, token: bytes) -> datetime:
        """The time a good token states."""
        return self._voucher.moment(token)

    def _remember(self, data: bytes, supplement: Supplement) -> None:
        key = leaf_hash(data)
        with self._lock:
            if key in self._passed:  # another thread was first
                return
            self._passed[key] = supplement
            self._bytes += _weight(supplement)
            while len(self._passed) > _REMEMBERED or self._bytes > _REMEMBERED_BYTES:
                _, old = self._passed.popitem(last=False)
                self._bytes -= _weight(old)


def _weight(supplement: Supplement) -> int:
    return len(supplement.token) + len(supplement.depositor) + len(supplement.content)
