"""Exchanges put together from events in any order, hostile ones too."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from forensics.pages import bounds
from forensics.pages.cdp import Event
from forensics.pages.exchange import Exchange
from forensics.pages.exchanges import _HANDLERS, Exchanges

URL = "http://example.com/a"


def event(kind: str, session: str = "s", **params: Any) -> Event:
    return Event(f"Network.{kind}", {"requestId": "1", **params}, session)


def asked(url: str = URL, **params: Any) -> Event:
    request = {"url": url, "method": "GET", "headers": {"A": "b"}}
    return event("requestWillBeSent", request=request, wallTime=1.0e9, **params)


def take(*events: Event) -> list[Exchange]:
    exchanges = Exchanges()
    return [ended for each in events for ended in exchanges.take(each)]


def exact(status: int, **headers: str) -> Event:
    return event("responseReceivedExtraInfo", statusCode=status, headers=headers)


def test_an_exchange() -> None:
    (done,) = take(
        asked(),
        exact(200, Server="x"),
        event("responseReceived", response={"status": 200}, hasExtraInfo=True, type="Document"),
        event("dataReceived", dataLength=3),
        event("dataReceived", dataLength=4),
        event("loadingFinished", encodedDataLength=99),
    )
    assert (done.ended, done.received, done.encoded, done.status) == ("finished", 7, 99, 200)
    assert done.exact["headers"] == {"Server": "x"}
    assert not done.waits_for_headers


def test_redirects_are_exchanges_of_their_own_with_their_own_headers() -> None:
    """Exact headers may be told before the answer, after it, and after the end of all."""
    first, second, third = take(
        asked(),
        exact(302, Location="/b"),
        asked("http://example.com/b", redirectResponse={"status": 302}, redirectHasExtraInfo=True),
        asked("http://example.com/c", redirectResponse={"status": 301}, redirectHasExtraInfo=True),
        event("responseReceived", response={"status": 200}, hasExtraInfo=True),
        exact(301, Location="/c"),
        event("loadingFinished"),
        exact(200, Server="x"),
    )
    assert [first.ended, second.ended, third.ended] == ["redirected", "redirected", "finished"]
    assert first.redirected_to == "http://example.com/b"
    assert [each.exact["headers"] for each in (first, second, third)] == [
        {"Location": "/b"},
        {"Location": "/c"},
        {"Server": "x"},
    ]


def test_what_is_not_asked_of_a_server_is_left_out() -> None:
    events = [asked(url) for url in ("data:text/plain,x", "blob:http://a/b", "chrome://version")]
    assert take(*events, event("loadingFinished")) == []


def test_a_worker_tells_what_its_page_asked() -> None:
    (done,) = take(
        asked(),
        event("responseReceived", "worker", response={"status": 200}),
        event("loadingFinished", "worker"),
    )
    assert done.session == "worker"  # which has the body


def test_failures_say_why() -> None:
    (done,) = take(asked(), event("loadingFailed", errorText="net::X", blockedReason="csp"))
    assert (done.ended, done.failure, done.status) == ("failed", "net::X (csp)", 0)


def test_what_a_left_page_had_under_way_is_unfinished() -> None:
    exchanges = Exchanges()
    exchanges.take(asked(loaderId="L"))
    assert exchanges.under_way() == 1
    assert exchanges.leave("other") == []
    (done,) = exchanges.leave("L")
    assert done.ended == "unfinished"
    assert exchanges.under_way() == 0


def test_streams_do_not_keep_a_page_from_being_quiet() -> None:
    exchanges = Exchanges()
    exchanges.take(asked(type="EventSource"))
    assert exchanges.under_way() == 0
    assert [each.ended for each in exchanges.drop()] == ["unfinished"]


def test_too_many_under_way_end_the_oldest() -> None:
    exchanges, ended = Exchanges(), []
    for number in range(bounds.MAX_OPEN + 10):
        ended += exchanges.take(
            Event(
                "Network.requestWillBeSent",
                {"requestId": str(number), "request": {"url": f"{URL}?{number}"}},
            )
        )
    assert len(exchanges) == bounds.MAX_OPEN
    assert [each.address for each in ended] == [f"{URL}?{number}" for number in range(10)]


def test_bodies_that_are_sent() -> None:
    (entries,) = take(
        event(
            "requestWillBeSent",
            request={"url": URL, "hasPostData": True, "postDataEntries": [{"bytes": "AP8="}]},
        ),
        event("loadingFinished"),
    )
    assert (entries.posted, entries.posted_missing) == (b"\0\xff", False)
    (missing,) = take(
        event("requestWillBeSent", request={"url": URL, "hasPostData": True}),
        event("loadingFinished"),
    )
    assert missing.posted_missing


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
names = st.sampled_from(
    [
        "requestId", "request", "response", "headers", "url", "wallTime", "dataLength", "type",
        "redirectResponse", "statusCode", "hasExtraInfo", "initiator", "postDataEntries",
    ]
)  # fmt: skip


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(_HANDLERS)), st.dictionaries(names, anything)), max_size=12
    )
)
def test_no_event_breaks_it(events: list[tuple[str, dict[str, Any]]]) -> None:
    exchanges = Exchanges()
    exchanges.take(asked())
    for method, params in events:
        for done in exchanges.take(Event(method, {"requestId": "1", **params}, "s")):
            assert 0 <= done.status <= 999
            assert bounds.is_web(done.address)
