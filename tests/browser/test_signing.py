"""A key made in the browser, backed up, restored in another one, and a deposit signed with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from playwright.sync_api import Page, expect

from chain_adapter import Entry
from tests.browser.acts import download, drop, wait_for_letter
from tests.browser.conftest import OpenPage, Watch
from tests.browser.test_pages import axe_violations
from tests.chain_adapter.keymaking import certificate
from tests.portal.signing.conftest import pem_of

pytestmark = pytest.mark.browser

_ITEM = re.compile(r"/deposits/[0-9a-f-]{36}$")
_REVIEW = re.compile(r"/uploads/drafts/[0-9a-f-]{36}$")
_KEYS = "/account/signing-keys"
_PASSPHRASE = "korrektes Pferd 电池 staple"
MakeFile = Callable[[str, bytes], Path]
#: What a page could get hold of of a private key in this browser.
_LEAK = """async (keyId) => {
  const { Ring } = await import("/static/js/keys/signing.js");
  const ring = await Ring.open();
  const entry = await ring.get(keyId);
  const format = async (name) => {
    try { await crypto.subtle.exportKey(name, entry.privateKey); return "leaked"; }
    catch (error) { return error.name; }
  };
  return [entry.privateKey.extractable, await format("pkcs8"), await format("jwk")];
}"""


def make_key(page: Page, folder: Path, name: str = "Laptop") -> tuple[Path, str]:
    """Make a key; where its backup is, and its id."""
    page.goto(_KEYS)
    form = page.locator("[data-part=make]")
    form.locator("[name=label]").fill(name)
    form.locator("[name=passphrase]").fill(_PASSPHRASE)
    form.locator("[name=again]").fill(_PASSPHRASE)
    with page.expect_download() as waiting:
        form.locator("button").click()
    backup = folder / waiting.value.suggested_filename
    waiting.value.save_as(backup)
    expect(page.locator("[data-part=done-text]")).to_contain_text("in this browser")
    key_id: str = json.loads(backup.read_text())["key_id"]
    row = page.locator(f"[data-key='{key_id}']")
    expect(row.locator("[data-part=where]")).to_have_text("in this browser")
    return backup, key_id


def restore(page: Page, backup: Path, passphrase: str = _PASSPHRASE) -> None:
    page.goto(_KEYS)
    form = page.locator("[data-part=restore]")
    form.locator("[name=file]").set_input_files(backup)
    form.locator("[name=passphrase]").fill(passphrase)
    form.locator("button").click()


def sign_in_again(page: Page, open_page: OpenPage) -> Page:
    """The same person in a browser that has never been here."""
    page.goto("/account")
    email = page.locator("dl.facts dd").nth(1).inner_text()
    other = open_page("/signin")
    other.fill("[name=email]", email)
    other.fill("[name=password]", "correct horse 电池")
    other.click("main [type=submit]")
    other.wait_for_selector(".site-user", state="attached")
    return other


def verified_offline(package: Path, folder: Path) -> str:
    """What the verifier says of the package, alone in an empty folder."""
    alone = folder / "alone"
    alone.mkdir()
    command = [sys.executable, "-m", "portal.verification", str(package)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command,
        cwd=alone,
        env={"PYTHONPATH": str(root), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 2), done.stdout + done.stderr
    return done.stdout


def entry_in(package: Path) -> Entry:

    with zipfile.ZipFile(package) as archive:
        return Entry.decode(archive.read("ledger/entry.json"))


def test_a_key_made_here_signs_in_another_browser(
    depositor: Page, open_page: OpenPage, make_file: MakeFile, tmp_path: Path, watch: Watch
) -> None:
    backup, key_id = make_key(depositor, tmp_path)
    said = backup.read_text()
    assert "PRIVATE" not in said
    assert json.loads(said)["protection"]["iterations"] == 600_000
    assert depositor.evaluate(_LEAK, key_id) == [False, "InvalidAccessError", "InvalidAccessError"]
    assert not axe_violations(depositor)

    other = sign_in_again(depositor, open_page)
    other.goto("/deposits/new")
    # The key is known and not here: the portal signs alone, unless one chooses otherwise.
    expect(other.locator(f"[data-key='{key_id}'] input")).to_be_disabled()
    restore(other, backup, "another passphrase")
    problem = other.locator("[data-part=restore] [data-part=problem]")
    expect(problem).to_contain_text("The passphrase is another one")
    restore(other, backup)
    expect(other.locator("[data-part=done-text]")).to_contain_text("in this browser again")

    original = make_file("合同.txt", b"pay 100 to A")
    other.goto("/deposits/new")
    drop(other, ".drop", original)
    expect(other.locator(f"[data-key='{key_id}'] input")).to_be_checked()
    words = other.locator("[data-part=signing-text]")
    expect(words).to_contain_text(f"With your key {key_id} you sign")
    expect(words).to_contain_text("SHA-256")
    assert not axe_violations(other)
    other.click("[data-part=submit]")
    other.wait_for_url(_ITEM, timeout=60_000)
    wait_for_letter(other)
    package = download(other, "/package", tmp_path)
    entry = entry_in(package)
    assert entry.by == key_id
    assert entry.id in other.url
    signature = entry.signature("depositor")
    assert signature is not None
    told = verified_offline(package, tmp_path)
    assert key_id in told
    assert "a key of the depositor's own" in told
    other.goto(_KEYS)
    other.click(f"[data-key='{key_id}'] .key-name")
    expect(other.locator("#signed-title")).to_contain_text("1")
    other.locator("[aria-labelledby=revoke-title] button").click()
    expect(other.locator(".alert-warning")).to_contain_text("Revoked")
    other.goto("/deposits/new")
    expect(other.locator(f"[data-key='{key_id}']")).to_have_count(0)


def test_a_digest_and_a_folder_are_signed(
    depositor: Page, make_file: MakeFile, tmp_path: Path
) -> None:
    _, key_id = make_key(depositor, tmp_path)
    original = make_file("stays.txt", b"stays at home")
    depositor.goto("/deposits/new")
    drop(depositor, ".drop", original)
    expect(depositor.locator("[data-part=digest]")).not_to_be_empty()
    depositor.check("[name=mode][value=digest]")
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_ITEM, timeout=60_000)
    wait_for_letter(depositor)
    assert entry_in(download(depositor, "/package", tmp_path)).by == key_id

    folder = tmp_path / "案卷"
    (folder / "照片").mkdir(parents=True)
    for name in ("b.txt", "ａ.txt", "照片/𝒂.txt", "照片/ﬀ.txt", "空.txt"):
        (folder / name).write_bytes(name.encode())
    depositor.goto("/deposits/new")
    depositor.set_input_files("#folder", folder)
    expect(depositor.locator("[data-part=many-state]")).to_contain_text("5 of 5")
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_REVIEW, timeout=60_000)
    words = depositor.locator("[data-part=signing-text]")
    expect(words).to_contain_text("the list of these 5 files")
    depositor.click("[data-part=confirm]")
    depositor.wait_for_url(_ITEM, timeout=60_000)
    wait_for_letter(depositor)
    assert entry_in(download(depositor, "/package", tmp_path)).by == key_id

    # Each by itself: five deposits, five signatures.
    depositor.goto("/deposits/new")
    depositor.set_input_files("#folder", folder)
    expect(depositor.locator("[data-part=many-state]")).to_contain_text("5 of 5")
    depositor.check("[name=grouping][value=each]")
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_REVIEW, timeout=60_000)
    expect(words).to_contain_text("for each of the 5 files")
    depositor.click("[data-part=confirm]")
    depositor.wait_for_url(re.compile(r"/deposits$"), timeout=60_000)
    depositor.goto(_KEYS)
    depositor.click(f"[data-key='{key_id}'] .key-name")
    expect(depositor.locator("#signed-title")).to_contain_text("7")


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_certificate_signs_and_its_key_never_travels(
    depositor: Page, make_file: MakeFile, tmp_path: Path, watch: Watch, kind: str
) -> None:
    private = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ec"
        else rsa.generate_private_key(65537, 2048)
    )
    # As openssl wrote them for decades: "BEGIN EC PRIVATE KEY", "BEGIN RSA PRIVATE KEY".
    text = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    chain = make_file("me.crt", pem_of(certificate(private, "Ada Lovelace")).encode())
    key = make_file("me.key", text)
    sent: list[str] = []
    depositor.on("request", lambda request: sent.append(request.post_data or ""))
    depositor.goto(_KEYS)
    form = depositor.locator("[data-part=bring]")
    form.locator("[name=label]").fill("Seal")
    form.locator("[name=certificate]").set_input_files(chain)
    form.locator("[name=key]").set_input_files(key)
    form.locator("button").click()
    expect(depositor.locator("[data-part=done-text]")).to_contain_text("certificate is known")
    assert any("BEGIN CERTIFICATE" in each for each in sent)
    assert not any("PRIVATE KEY" in each for each in sent)

    original = make_file("contract.txt", b"signed with a certificate " + kind.encode())
    depositor.goto("/deposits/new")
    drop(depositor, ".drop", original)
    expect(depositor.locator("[data-part=signing-text]")).to_contain_text("x509:")
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_ITEM, timeout=60_000)
    wait_for_letter(depositor)
    told = verified_offline(download(depositor, "/package", tmp_path), tmp_path)
    assert "CN=Ada Lovelace, issued by CN=Example CA" in told


def test_the_wrong_private_key_and_lost_keys_are_told_apart(
    depositor: Page, make_file: MakeFile, tmp_path: Path, watch: Watch
) -> None:
    watch.expect("422")
    mine, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    text = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    depositor.goto(_KEYS)
    form = depositor.locator("[data-part=bring]")
    form.locator("[name=label]").fill("Seal")
    form.locator("[name=certificate]").set_input_files(
        make_file("me.crt", pem_of(certificate(mine, "Ada")).encode())
    )
    form.locator("[name=key]").set_input_files(make_file("other.key", text))
    form.locator("button").click()
    problem = form.locator("[data-part=problem]")
    expect(problem).to_contain_text("does not belong to this certificate")
    expect(form.locator("[name=label]")).to_have_value("Seal")

    # A key that vanishes between choosing and pressing the button: told, and nothing typed is lost.
    _, key_id = make_key(depositor, tmp_path)
    depositor.goto("/deposits/new")
    drop(depositor, ".drop", make_file("a.txt", b"a"))
    expect(depositor.locator(f"[data-key='{key_id}'] input")).to_be_checked()
    depositor.fill("[name=title]", "Typed before")
    depositor.evaluate(
        "async (id) => (await (await import('/static/js/keys/signing.js')).Ring.open()).forget(id)",
        key_id,
    )
    depositor.click("[data-part=submit]")
    expect(depositor.locator("[data-part=problem]").first).to_contain_text("no longer in this")
    expect(depositor.locator("[name=title]")).to_have_value("Typed before")
    depositor.check("[name=sign_with][value='']")
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_ITEM, timeout=60_000)
