"""Where webhooks may go: every rule of the module has its refusal here."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.problems import BadInput
from portal.webhooks.addresses import Refused, judged, networks, permitted, read_url

_PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "url_scheme"),
        ("ftp://example.com/", "url_scheme"),
        ("file:///etc/passwd", "url_scheme"),
        ("gopher://example.com/_x", "url_scheme"),
        ("javascript:alert(1)", "url_scheme"),
        ("https:///path", "url_scheme"),
        ("//example.com/", "url_scheme"),
        ("https://user:pw@example.com/", "url_credentials"),
        ("https://user@example.com/", "url_credentials"),
        ("https://@example.com/", "url_credentials"),
        ("https://example.com/#part", "url_fragment"),
        ("https://example.com/a b", "url_characters"),
        ("https://example.com/\r\nHost: evil", "url_characters"),
        ("https://example.com\\@evil.example/", "url_characters"),
        ("https://example.com/\x00", "url_characters"),
        ("https://example.com:22/", "url_port"),
        ("https://example.com:25/", "url_port"),
        ("https://example.com:0/", "url_port"),
        ("https://example.com:6667/", "url_port"),
        ("https://example.com:70000/", "url_form"),
        ("https://example.com:x/", "url_form"),
        ("https://[::1/", "url_form"),
        ("https://" + "a" * 70 + ".ü/", "url_host"),
        ("https://example.com/" + "a" * 2000, "url_long"),
    ],
)
def test_an_address_that_is_none_is_named(text: str, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_url(text, https_only=False)
    assert caught.value.code == code
    assert caught.value.field == "url"


def test_http_is_refused_in_production_alone() -> None:
    assert read_url("http://example.com/", https_only=False).port == 80
    with pytest.raises(BadInput, match="https"):
        read_url("http://example.com/", https_only=True)


def test_an_address_in_its_parts() -> None:
    url = read_url("https://公证.example:8443/钩子?x=ü", https_only=True)
    assert (url.secure, url.host, url.port) == (True, "xn--55qz53l.example", 8443)
    assert url.path == "/%E9%92%A9%E5%AD%90?x=%C3%BC"
    assert read_url("https://[2606:4700::1111]", https_only=True).host == "2606:4700::1111"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::93.184.216.34",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:c0a8:101::",
        "2001::1",
        "2001:db8::1",
        "100::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "3fff::1",
        "5f00::1",
        "no address",
        "",
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not permitted(address)


@pytest.mark.parametrize(
    "address",
    [
        _PUBLIC,
        "1.1.1.1",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "::ffff:93.184.216.34",
        "64:ff9b::5db8:d822",
        "2002:5db8:d822::1",
    ],
)
def test_what_is_public_is_let_through(address: str) -> None:
    assert permitted(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_the_same_in_every_disguise(
    address: ipaddress.IPv4Address,
) -> None:
    number = int(address)
    plain = permitted(str(address))
    assert permitted(str(ipaddress.IPv6Address((0xFFFF << 32) | number))) == plain
    assert permitted(str(ipaddress.IPv6Address((0x64FF9B << 96) | number))) == plain
    assert permitted(str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80)))) == plain


@given(st.ip_addresses())
def test_nothing_special_is_ever_permitted(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if address.is_loopback or address.is_link_local or address.is_multicast:
        assert not permitted(str(address))
    if address.is_unspecified or (address.is_private and address.version == 4):
        assert not permitted(str(address))


def test_a_setting_lists_networks_that_are_let_through() -> None:
    allowed = networks("10.1.0.0/16, fd00::/8 127.0.0.1/32")
    assert permitted("10.1.2.3", allowed)
    assert permitted("::ffff:10.1.2.3", allowed)
    assert permitted("fd00::1", allowed)
    assert not permitted("10.2.0.1", allowed)
    assert not permitted("127.0.0.2", allowed)
    with pytest.raises(ValueError, match="host bits"):
        networks("10.1.2.3/16")


def test_every_address_of_a_name_must_be_public() -> None:
    url = read_url("https://example.com/", https_only=True)
    assert judged(url, lambda *_: [_PUBLIC, "2606:4700::1"]) == (_PUBLIC, "2606:4700::1")
    for found in ([_PUBLIC, "127.0.0.1"], ["10.0.0.1"], []):
        with pytest.raises(Refused):
            judged(url, lambda *_, found=found: found)


def test_a_name_that_is_not_known() -> None:
    def unknown(*_: object) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(Refused, match="unknown"):
        judged(read_url("https://example.invalid/", https_only=True), unknown)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433", "0", "[::1]"])
def test_the_machines_own_resolver_and_its_spellings_of_itself(host: str) -> None:
    from portal.webhooks.addresses import system_resolver

    with pytest.raises(Refused):
        judged(read_url(f"http://{host}/", https_only=False), system_resolver)
