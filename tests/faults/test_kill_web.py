"""``kill -9`` of the web process at every crossing of a POST: a client that repeats its request
under the same Idempotency-Key has exactly one deposit, and it reaches its letter."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portal.services import Services
from tests.faults.dying import serve, work
from tests.faults.spine import check_spine
from tests.forks import FORKS

_MOST = 40


@contextmanager
def _web(services: Services, crossings: int) -> Iterator[tuple[int, object]]:
    here, there = FORKS.Pipe()
    process = FORKS.Process(target=serve, args=(services.settings, crossings, there))
    process.start()
    try:
        assert here.poll(60), "the web process did not start"
        yield here.recv(), process
    finally:
        process.kill()
        process.join(10)


def _post(port: int, key: str, idempotency_key: str, content: bytes) -> tuple[int, dict[str, str]]:
    """Status and answer. Raises ConnectionError or HTTPException when the server dies."""
    boundary = "b0undary"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="合同.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\n".encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            "POST",
            "/api/v1/deposits",
            body,
            {
                "Authorization": f"Bearer {key}",
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Idempotency-Key": idempotency_key,
            },
        )
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.fault
def test_a_repeated_request_makes_one_deposit(services: Services, api_key: str) -> None:
    killed = 0
    numbers: set[str] = set()
    for crossings in range(1, _MOST):
        content, name = f"contract {crossings}".encode(), f"request-{crossings}"
        survived = False
        with _web(services, crossings) as (port, _):
            try:
                status, answer = _post(port, api_key, name, content)
                survived = True
            except (ConnectionError, http.client.HTTPException):
                killed += 1
        if not survived:
            with _web(services, 0) as (port, _):
                status, answer = _post(port, api_key, name, content)
        assert status in (200, 201), answer
        numbers.add(answer["number"])
        if survived:
            break
    else:
        pytest.fail("no web process survived its request")
    assert killed >= 4, "keeping the file and one transaction have more crossings"
    worker = FORKS.Process(target=work, args=(services.settings, 0, 5))
    worker.start()
    worker.join(60)
    assert worker.exitcode == 0
    deposits = check_spine(services)
    assert {each.number for each in deposits} == numbers
    assert len(deposits) == killed + 1
