"""VERIFY.md: how to verify a package with tools everybody has."""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
from pathlib import Path
from typing import Final

from timestamping.filelist import CAPTURE, DRAW, NOTARIAL
from timestamping.letter.data import LetterData
from timestamping.letter.ledger_view import observed
from timestamping.package_files import FILE_LIST, TOKEN, co_token, further_receipt
from timestamping.pdf.text import escaped

TEMPLATE: Final = Path(__file__).parent / "templates" / "VERIFY.md"
_PLACE: Final = re.compile(r"<([a-z-]+)>")
#: What ``FILE`` is when the package does not hold the original: the reader's to say.
_ASKED: Final = '"${FILE:-/path/to/the/file}"'


_SAME: Final = """输出 OK：手中的文件与存证时逐位相同。
OK: the file you hold is bit for bit the one deposited."""
_LISTED: Final = """输出 OK：清单与存证时逐位相同；手中的文件载于清单；随包附带的文件均与清单一致。
所存证的是清单，清单载有每个文件的摘要。系统不允许的字符在文件名中以 _ 代替，重名者加 ~2。
OK: the list is bit for bit the one deposited; the file you hold stands in it; the files that came
along are those listed. The list is what was deposited, and it holds every file's digest. In file
names _ stands for characters that systems refuse, and ~2 marks what they take for the same name."""
_CAPTURED: Final = (
    _LISTED
    + """
录像由首尾相接的各段组成：recording/chain.jsonl 每行载有上一行的摘要，每段一行，末行载明段数。
segments: OK、chain: OK：各段即所录的原段，链条未断、未截。其后为录制期间逐次加盖的时间戳。
The recording is a chain of segments: each line of recording/chain.jsonl names the digest of the
line before, each segment has its line, and the last line counts them. segments: OK and chain: OK:
every segment is the one recorded, and nothing was taken out or cut off. Then come the time-stamps
made while it was recorded."""
)
_DRAWN: Final = (
    _LISTED
    + """
steps: OK：抽签记录的每一步都写明上一步的摘要。其后逐步核验时间戳；verifier.py 只用 Python 标准库，
据记录重新计算种子与全部结果，逐项给出结论。
steps: OK: every step of the record names the digest of the one before. Then come the time-stamps,
step by step. verifier.py uses Python's standard library alone: it computes the seed and every
result again from the record, check by check."""
)
_CERTIFIED: Final = (
    _LISTED
    + """
Signature is Valid：公证员签名与公证机构印章有效，签署后未改动。record: OK、check: OK：记录与核验
报告即公证书所附；subject: OK：subject/package.zip 即公证书所指的存证，可照此再行核验。
notary.pem: OK：公证员证书由所附根证书签发。公证书是否已被补正或撤销，须向公证机构查询。
Signature is Valid: the notary's signature and the office's seal are, and nothing was changed since.
record: OK and check: OK: record and check are those attached to the certificate. subject: OK:
subject/package.zip is the deposit it is about, to be verified in the same way. notary.pem: OK: one
of the roots that came along issued the notary's certificate. Whether the certificate was corrected
or revoked since, the office tells."""
)
#: A certificate's signatures, what is attached to it, and the deposit it is about.
_CERTIFICATE: Final = r"""pdfsig -nocert files/certificate.pdf
mkdir -p attached && pdfdetach -saveall -o attached files/certificate.pdf
cmp attached/certificate.json files/certificate.json && echo "record: OK"
if [ -e files/check.json ]; then
  cmp attached/check.json files/check.json
  sha256sum < files/check.json | cut -c1-64 | grep -q -f- files/certificate.json && echo "check: OK"
  python3 - <<'END' | grep -q -f- files/certificate.json && echo "subject: OK"
import hashlib, zipfile
letter = zipfile.ZipFile("files/subject/package.zip").read("letter.pdf")
print('"letter_sha256":"' + hashlib.sha256(letter).hexdigest() + '"')
END
fi
pdfsig -dump files/certificate.pdf > signatures.txt 2>&1
openssl pkcs7 -inform DER -in certificate.pdf.sig0 -print_certs -out notary.pem
cat trust/root.pem $(ls trust/notary.pem 2>/dev/null || true) > roots.pem
openssl verify -CAfile roots.pem -untrusted notary.pem notary.pem"""
#: A draw's steps as they were deposited, their time-stamps, and the record's own checks.
_STEPS: Final = r"""python3 - > step-digests.txt <<'END'
import hashlib, json
steps = json.load(open("files/transcript.json"))["steps"]
write = lambda step: json.dumps(
    step, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
digests = [hashlib.sha256(write(step)).hexdigest() for step in steps]
assert [step["prev"] for step in steps] == ["0" * 64, *digests[:-1]], "steps: BROKEN"
for number, digest in enumerate(digests):
    print(f"files/seals/{number:04d}.tsr", digest)
END
test -s step-digests.txt && echo "steps: OK"
while read -r token digest; do
  openssl ts -verify -in "$token" -digest "$digest" -CAfile trust/root.pem
done < step-digests.txt
python3 -I files/verifier.py files/transcript.json"""
#: A capture's segments, its chain, and the time-stamps of the running recording.
_CHAIN: Final = r"""CHAIN=files/recording/chain.jsonl
sed -nE \
  's/.*"file":"([^"]*)".*"sha256":"([0-9a-f]{64})","type":"segment".*/\2  files\/\1/p' "$CHAIN" \
  | sha256sum --check --quiet && echo "segments: OK"
prev=$(printf '%064d' 0)
while IFS= read -r line; do
  case "$line" in *"\"prev\":\"$prev\""*) ;; *) echo "chain: BROKEN"; break ;; esac
  prev=$(printf '%s' "$line" | sha256sum | cut -c1-64)
done < "$CHAIN"
grep -q "\"head\":\"$prev\"" files.json && echo "chain: OK"
sed -nE 's/.*"file":"([^"]*)","head":"([0-9a-f]{64})".*"type":"token".*/\1 \2/p' "$CHAIN" \
  | while read -r token head; do
      openssl ts -verify -in "files/$token" -digest "$head" -CAfile trust/root.pem
    done"""
_ABOUT: Final = {CAPTURE: _CAPTURED, DRAW: _DRAWN, NOTARIAL: _CERTIFIED}
_FURTHER: Final = {CAPTURE: _CHAIN, DRAW: _STEPS, NOTARIAL: _CERTIFICATE}
#: Of the ledgers beside the first one.
_RECEIPT_OF: Final = (
    "{{ printf '\\0'; cat ledger/entry.json; }} | sha256sum | cut -c1-64 \\\n"
    '  | grep --quiet --file=- {receipt} && echo "receipt {number}: OK"'
)
_BESIDE: Final = """
同一记录也已载入以下账本，其证明见第 7 步（第 122 项起）。
The same entry stands on these ledgers too; step 7 verifies their proofs (checks from 122 on).

```bash
{commands}
```

"""
_ON_CHAIN: Final = "，交易 transaction `0x{}`，区块 block {}"
#: Prints what sha256sum checks. A name it could not find is one that was made harmless.
_LIST_SUMS: Final = (
    'python3 -c \'import json; [print(f["sha256"] + "  files/" + f["path"]) for f in '
    'json.load(open("files.json"))["files"]]\' | sha256sum --check --quiet && echo "files: OK"'
)


def guide(data: LetterData, original: str, *, with_files: bool = False) -> str:
    """The text of VERIFY.md; ``original`` is the member holding the original, or empty;
    ``with_files``: the files of a folder are in the package."""
    values = {
        "number": escaped(data.number),
        "code": escaped(data.code),
        "url": escaped(data.verify_url),
        "file": shlex.quote(original) if original else _ASKED,
        "check-file": _check_list(data, with_files) if data.files else _check_file(data),
        "about-file": _about(data, with_files),
        "check-tokens": _check_tokens(data),
        "further": _further(data),
    }
    return _PLACE.sub(lambda place: values[place[1]], _template())


def _about(data: LetterData, with_files: bool) -> str:
    if data.files is None:
        return _SAME
    return _ABOUT.get(data.files.schema, _LISTED) if with_files else _LISTED


@lru_cache(maxsize=1)
def _template() -> str:
    return TEMPLATE.read_text(encoding="utf-8")


def _check_file(data: LetterData) -> str:
    by_name = {each.algorithm: each.hex for each in data.entry.digests}
    lines = [f'echo "{by_name["sha256"]}  $FILE" | sha256sum --check']
    if "sm3" in by_name:
        lines.append(
            f'openssl dgst -sm3 -r "$FILE" | grep --quiet {by_name["sm3"]} && echo "SM3: OK"'
        )
    return "\n".join(lines)


def _check_list(data: LetterData, with_files: bool) -> str:
    digest = next(each for each in data.entry.digests if each.algorithm == "sha256")
    lines = [
        f'echo "{digest.hex}  {FILE_LIST}" | sha256sum --check',
        f'sha256sum < "$FILE" | cut -c1-64 | grep -q -f- {FILE_LIST} && echo "listed: OK"',
    ]
    if with_files:
        lines.append(_LIST_SUMS)
        if data.files is not None and data.files.schema in _FURTHER:
            lines.append(_FURTHER[data.files.schema])
    return "\n".join(lines)


def _further(data: LetterData) -> str:
    """The ledgers beside the first one: the same command for each, and where a chain has it."""
    if not data.further:
        return ""
    numbers = range(2, 2 + len(data.further))
    commands = "\n".join(
        _RECEIPT_OF.format(receipt=further_receipt(number), number=number) for number in numbers
    )
    lines = [_BESIDE.format(commands=commands)]
    for number, each in zip(numbers, data.further, strict=True):
        seen = observed(each.receipt)
        place = "" if seen is None else _ON_CHAIN.format(seen.transaction.hex(), seen.block)
        lines.append(f"- {number}: `{escaped(each.ledger)}`{place}\n")
    return "".join(lines)


def _check_tokens(data: LetterData) -> str:
    digest = data.token.imprint
    names = [TOKEN, *(co_token(number) for number in range(2, 2 + len(data.token.also)))]
    return "\n".join(
        f"openssl ts -verify -in {name} -digest {digest.hex} -CAfile trust/root.pem\n"
        f"openssl ts -reply -in {name} -text | grep 'Time stamp'"
        for name in names
    )
