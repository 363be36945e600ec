"""The agent in front of a real browser and a real site."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from forensics.pages import Limits, PageRefused, bounds
from forensics.pages.errors import BrowserGone
from tests.forensics.pages.conftest import Desk, StartDesk, launch
from tests.forensics.pages.reading import index, validate, wacz_records
from tests.ports import free_port
from tests.site.certificates import Certificates, make
from tests.site.content import DOWNLOAD, GBK_TEXT
from tests.site.server import Site, serving
from tests.waiting import wait_for

pytestmark = pytest.mark.browser


def wacz(desk: Desk) -> Path:
    return desk.evidence / "web/capture.wacz"


def test_the_whole_exchange_is_archived(desk: Desk, site: Site) -> None:
    desk.go(site.url + "/")
    desk.go(site.url + "/moved")
    desk.agent.close()
    records = wacz_records(wacz(desk))
    responses = {each.address: each for each in records if each.kind == "response"}
    for path in ("/", "/style.css", "/script.js", "/images/red.png", "/images/blue.png"):
        assert responses[site.url + path].data == site.pages[path].body
        assert responses[site.url + path].headers["WARC-IP-Address"] == "127.0.0.1"
    assert responses[site.url + "/moved"].status.startswith("302")
    assert ("Location", "/moved-again") in responses[site.url + "/moved"].http
    assert responses[site.url + "/moved-again"].status.startswith("301")
    assert responses[site.url + "/article"].data == site.pages["/article"].body
    requests = [each for each in records if each.kind == "request"]
    assert any(name == "Host" for name, _ in requests[0].http)
    told = {each.address: each.json for each in records if each.kind == "metadata"}
    assert told[site.url + "/"]["exact_headers"]
    assert told[site.url + "/"]["body"]["state"] == "whole"
    assert told[site.url + "/moved"]["redirected_to"] == site.url + "/moved-again"
    assert {each["url"] for each in desk.events.of("navigation", state="shown")} == {
        site.url + "/",
        site.url + "/article",
    }
    assert desk.events.of("navigation", state="loaded")[0]["title"].startswith("测试站点")


def test_bytes_are_kept_as_received(desk: Desk, site: Site) -> None:
    """GBK, declared and not, a byte order mark: what was received, not what it meant."""
    begun = len(site.requests)
    # Of the very first page of a busy browser the body may be text the page has decoded; its record
    # says then that it differs.
    pages = ("/article", "/gbk", "/gbk-undeclared", "/bom", "/compressed", "/frames", "/worker")
    for path in pages:
        desk.go(site.url + path)
    wait_for(lambda: "/data.json" in site.requests[begun:])
    wait_for(lambda: desk.agent.counts()["exchanges"] == len(site.requests) - begun)
    desk.agent.close()
    records = wacz_records(wacz(desk))
    bodies = {each.address: each.data for each in records if each.kind == "response"}
    for path in ("/gbk", "/gbk-undeclared", "/bom", "/article", "/worker.js", "/data.json"):
        assert bodies[site.url + path] == site.pages[path].body
    assert GBK_TEXT.encode("gbk") in bodies[site.url + "/gbk"]
    compressed = next(
        each for each in records if each.kind == "response" and each.address.endswith("/compressed")
    )
    assert b"<h1>" in compressed.data
    assert ("x-orig-Content-Encoding", "gzip") in compressed.http


def test_the_archive_is_valid_elsewhere(desk: Desk, site: Site) -> None:
    desk.go(site.url + "/gallery")
    desk.go(site.url + "/gbk")
    desk.agent.close()
    said = validate(wacz(desk))
    assert said.returncode == 0, said.stdout + said.stderr
    assert "Validation succeeded" in said.stdout
    lines = index(wacz(desk))
    assert [line[:2] for line in lines] == sorted(line[:2] for line in lines)
    # Where the index points, that record lies.
    data = wacz_records(wacz(desk))
    assert {line[2]["url"] for line in lines} >= {
        each.address for each in data if each.kind == "response"
    }
    assert not (desk.evidence / "web/capture.warc.gz").exists()
    visits = (desk.evidence / "web/pages.jsonl").read_text().splitlines()
    assert [json.loads(each)["url"] for each in visits] == [
        site.url + "/gallery",
        site.url + "/gbk",
    ]


def test_certificates_are_those_the_browser_saw(desk: Desk, secure_site: Site) -> None:
    desk.go(secure_site.url + "/article")
    desk.agent.close()
    lines = (desk.evidence / "web/tls.jsonl").read_text().splitlines()
    assert len(lines) == 1
    told = json.loads(lines[0])
    assert told["origin"] == secure_site.url
    assert told["protocol"] == "TLS 1.3"
    assert told["address"] == "127.0.0.1"
    assert told["chain"][0]["subject"] == "CN=127.0.0.1"
    assert told["chain"][0]["issuer"] == "CN=Test Site Root 测试根"
    record = next(each for each in wacz_records(wacz(desk)) if each.kind == "resource")
    assert record.address == f"urn:certificates:{secure_site.url}"
    assert record.data.startswith(b"-----BEGIN CERTIFICATE-----")


def test_nothing_tells_the_page_of_it(desk: Desk, site: Site) -> None:
    desk.go(site.url + "/webdriver")
    assert desk.page("navigator.webdriver") is False
    assert desk.page("document.title") == "false"


def test_a_long_page_is_pictured_whole(desk: Desk, site: Site) -> None:
    desk.go(site.url + "/long")
    height = desk.page("document.documentElement.scrollHeight")
    desk.agent.capture(1)
    assert desk.events.of("page", state="done") == []  # it does not wait for it
    done = desk.events.wait("page", state="done", number=1)
    assert done["missing"] == {}
    assert done["title"] == "长页"
    folder = desk.evidence / "pages/0001"
    assert sorted(each.name for each in folder.iterdir()) == [
        "page.json",
        "page.mhtml",
        "page.pdf",
        "page.png",
    ]
    for each in done["files"]:
        data = (desk.evidence / each["path"]).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (each["sha256"], each["size"])
    with Image.open(folder / "page.png") as picture:
        assert picture.height >= height > 4000
        bottom = picture.crop((0, picture.height - 140, picture.width, picture.height))
        colours = bottom.getcolors(1 << 20) or []
        assert any(colour == (0, 170, 0) for _, colour in colours)  # the last line of the page
    assert (folder / "page.pdf").read_bytes().startswith(b"%PDF-")
    assert "multipart/related" in (folder / "page.mhtml").read_text()
    steps = [each["state"] for each in desk.events.of("page", number=1)]
    assert steps == ["begun", "page.png", "page.mhtml", "page.pdf", "done"]


def test_a_number_is_used_once(desk: Desk, site: Site) -> None:
    desk.go(site.url + "/article")
    assert desk.agent.capture_now(1)["state"] == "done"
    before = (desk.evidence / "pages/0001/page.png").read_bytes()
    assert desk.agent.capture_now(1)["state"] == "failed"
    assert (desk.evidence / "pages/0001/page.png").read_bytes() == before


def test_a_download_is_kept_with_its_origin(desk: Desk, site: Site) -> None:
    desk.go(site.url + "/downloads")
    for name in ("证据.bin", "证据 (1).bin"):
        desk.page("document.getElementById('get').click()")
        wait_for(lambda name=name: (desk.evidence / "downloads" / name).exists(), name)
    desk.agent.close()
    kept = desk.events.of("download", state="kept")
    assert len(kept) == 2
    assert kept[0]["url"] == site.url + "/download"
    assert kept[0]["document"] == site.url + "/downloads"
    assert kept[0]["sha256"] == hashlib.sha256(DOWNLOAD).hexdigest()
    assert kept[0]["file"] == "downloads/证据.bin"
    assert (desk.evidence / kept[1]["file"]).read_bytes() == DOWNLOAD


def test_what_lies_in_the_folder_is_kept_at_the_end(desk: Desk) -> None:
    """Also what no download was told of; links are not followed."""
    folder = desk.folder / "home/Downloads"
    (folder / "stray.txt").write_text("stray")
    (folder / "half.crdownload").write_text("half")
    (folder / "link").symlink_to("/etc/passwd")
    desk.agent.close()
    assert [each.name for each in (desk.evidence / "downloads").iterdir()] == ["stray.txt"]


def test_new_tabs_are_followed_from_their_first_request(desk: Desk, site: Site) -> None:
    desk.go(site.url + "/popup")
    desk.page("document.getElementById('open').click()")
    wait_for(lambda: len(desk.agent._watch.tabs.pages()) == 2)
    desk.events.wait("navigation", url=site.url + "/article", state="loaded")
    desk.agent.close()
    addresses = [each.address for each in wacz_records(wacz(desk)) if each.kind == "response"]
    assert site.url + "/article" in addresses


def test_a_list_goes_on_after_failures(start_desk: StartDesk, site: Site) -> None:
    desk = start_desk(attended=False)
    urls = [
        site.url + "/dialog",
        f"http://127.0.0.1:{free_port()}/",
        site.url + "/endless",
        site.url + "/long",
        site.url + "/missing",
    ]
    limits = Limits(begin=30, load=15, quiet=0.3, settle=2, steps=60, step=0.02)
    done = desk.agent.run_list(urls, limits=limits)
    assert [each.url for each in done] == urls
    assert done[0].state == "done"
    assert done[1].state == "failed"
    assert "ERR_" in done[1].reason
    assert done[2].state in ("late", "failed")
    assert done[3].state == "done"
    assert done[4].state == "done"
    numbers = [each.number for each in done if each.number]
    assert numbers == list(range(1, len(numbers) + 1))
    assert "/images/lazy.png" in site.requests  # it was scrolled to
    assert len(desk.events.of("visit", state="begun")) == 5
    desk.agent.close()
    assert validate(wacz(desk)).returncode == 0


def test_an_address_that_cannot_be_reached_is_refused(desk: Desk) -> None:
    with pytest.raises(PageRefused, match="ERR_CONNECTION_REFUSED"):
        desk.agent.navigate(f"http://127.0.0.1:{free_port()}/")


def test_a_browser_that_dies_leaves_its_archive(desk: Desk, site: Site) -> None:
    desk.go(site.url + "/gallery")
    wait_for(lambda: desk.agent.counts()["exchanges"] >= 8)
    desk.process.kill()
    desk.events.wait("warning", what="browser")
    desk.agent.close(3)
    said = validate(wacz(desk))
    assert said.returncode == 0, said.stdout
    bodies = {
        each.address: each.data for each in wacz_records(wacz(desk)) if each.kind == "response"
    }
    assert bodies[site.url + "/images/3.png"] == site.pages["/images/3.png"].body


def _gone(desk: Desk, url: str) -> bool:
    """Whether the agent, which may not have noticed yet that the browser went, opened the page."""
    try:
        desk.go(url)
    except (PageRefused, BrowserGone):
        return False
    return True


def test_a_browser_that_comes_back_is_followed_again(
    desk: Desk, site: Site, certificates: Certificates
) -> None:
    """Who closes the last window gets another browser; the archive goes on."""
    desk.go(site.url + "/gallery")
    desk.process.kill()
    desk.process.wait()
    (desk.folder / "profile/SingletonLock").unlink(missing_ok=True)
    desk.process = launch(desk.folder, desk.port, certificates)
    wait_for(lambda: _gone(desk, site.url + "/article"))
    desk.agent.close()
    found = {each.address for each in wacz_records(wacz(desk)) if each.kind == "response"}
    assert {site.url + "/gallery", site.url + "/article"} <= found


def test_a_body_beyond_the_bound_is_said_to_be_missing(desk: Desk, site: Site) -> None:
    desk.go(site.url + "/article")
    size = bounds.MAX_BODY + 1
    desk.page(f"window.got = fetch('/big/{size}').then(r => r.arrayBuffer()).then(b => 0)")
    wait_for(lambda: desk.agent.counts()["missing"] == 1, "its end was seen")
    desk.agent.close()
    told = next(
        each.json
        for each in wacz_records(wacz(desk))
        if each.kind == "metadata" and "/big/" in each.address
    )
    assert (told["received_bytes"], told["body"]["state"]) == (size, "missing")
    assert wacz(desk).stat().st_size < 1 << 20


def test_a_page_that_asks_for_ever_is_bounded(
    desk: Desk, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_EXCHANGES", 40)
    desk.go(site.url + "/article")
    desk.page("for (let i = 0; i < 200; i++) fetch('/data.json?' + i)")
    wait_for(lambda: desk.agent.counts()["left_out"] > 100)
    desk.agent.close()
    assert desk.agent.counts()["exchanges"] <= 40
    assert validate(wacz(desk)).returncode == 0


def test_a_certificate_nobody_vouches_for_is_kept_when_a_person_goes_on(
    desk: Desk, tmp_path: Path
) -> None:
    with serving(certificates=make(tmp_path, ["127.0.0.1"])) as unknown:
        with pytest.raises(PageRefused, match="ERR_CERT_AUTHORITY_INVALID"):
            desk.agent.navigate(unknown.url + "/article")
        desk.events.wait("navigation", state="failed")
        wait_for(lambda: desk.page("!!document.getElementById('proceed-link')"))
        desk.page("document.getElementById('proceed-link').click()")
        desk.events.wait("navigation", state="loaded", title="侵权文章")
        desk.agent.close()
    told = json.loads((desk.evidence / "web/tls.jsonl").read_text().splitlines()[0])
    assert told["origin"] == unknown.url
    assert told["state"] == "insecure"
    assert len(told["chain"]) >= 1
