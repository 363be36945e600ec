"""Whatever the verification says in a browser can be said in Chinese."""

from __future__ import annotations

import re

from tests.lottery.js.node import STATIC, call, needs_node

FOLDER = STATIC / "js" / "draws"


def templates(text: str) -> set[str]:
    """say`…` in a module, with {} for the values."""
    found = set()
    for start in re.finditer(r"say`", text):
        at, whole = start.end(), ""
        while text[at] != "`":
            if text.startswith("${", at):
                at = _end(text, at + 2)
                whole += "{}"
            else:
                whole += text[at]
                at += 1
        found.add(whole)
    return found


def _end(text: str, at: int) -> int:
    """After the brace that closes a value; values hold templates themselves."""
    depth = 1
    while depth:
        if text[at] == "`":
            at = text.index("`", at + 1)
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at


def test_every_sentence_has_its_chinese() -> None:
    said: set[str] = set()
    for path in sorted(FOLDER.glob("*.js")):
        if not path.name.startswith("sentences"):
            said |= templates(path.read_text())
    chinese = (FOLDER / "sentences-zh.js").read_text()
    known = set(re.findall(r'^ *"([^"]+)": "[^"]+",$', chinese, re.MULTILINE))
    assert len(said) > 90
    assert said - known == set()
    assert {each for each in known - said if "{}" in each} == set()


@needs_node
def test_values_keep_their_places() -> None:
    """A sentence inside a sentence is said in Chinese as well."""
    inner = {"template": "step {} ({})", "values": [5, "commit"]}
    sentence = {"template": "the signature of {} on {} is wrong", "values": ["public", inner]}
    assert call("say", sentence=sentence, language="en") == (
        "the signature of public on step 5 (commit) is wrong"
    )
    assert call("say", sentence=sentence, language="zh-CN") == "public 对第 5 步（承诺）的签名无效"
    assert call("say", sentence="constructor", language="zh") == "constructor"
