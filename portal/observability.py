"""What operators see of the web process: request lines, health, and figures for Prometheus."""

from __future__ import annotations

import logging
import os
import random
import re
import time
from collections.abc import Callable

import structlog
from flask import Blueprint, Flask, Request, Response, current_app, g, jsonify, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from sqlalchemy import text

from portal.headers import SHARED, send_with
from portal.security import roles_required
from portal.settings import Settings
from portal.ui.context import current_actor, services, this_request
from portal.vouching import figures

blueprint = Blueprint("observability", __name__)
log = structlog.get_logger("portal")
_lines = logging.getLogger("portal")  # where those of ``log`` go

#: how long an answer of /readyz is kept, so that probing it costs nobody anything
_READY_SECONDS = 5.0
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_KEY = re.compile(r"nep_\w+")  # an API key somebody put into an address
#: what counts a request and what takes its time
_Noting = tuple[Callable[[], None], Callable[[float], None]]
#: Numbers requests. They are told apart by it, and nobody gains by guessing one: no need to ask the
#: system each time, which would let another thread in. Sown anew in each process.
_NUMBERS = random.Random()  # noqa: S311
os.register_at_fork(after_in_child=_NUMBERS.seed)
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def install(app: Flask, settings: Settings) -> None:
    """Number, time, count and log every request."""
    metrics = _Metrics()
    app.extensions["notary-metrics"] = metrics
    trust_given = settings.trusted_proxies > 0

    @app.before_request
    def _begin() -> None:
        given = request.headers.get("X-Request-ID", "") if trust_given else ""
        number = given if _GIVEN_ID.fullmatch(given) else _NUMBERS.randbytes(8).hex()
        g.request_id, g.began = number, time.perf_counter()
        # Over that of the thread's last request: nothing else is ever bound here.
        structlog.contextvars.bind_contextvars(request_id=number)

    @app.after_request
    def _end(response: Response) -> Response:
        asked = this_request()
        send_with(response, "X-Request-ID", g.get("request_id", ""))
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        metrics.note(asked.method, asked.endpoint or "none", response.status_code, seconds)
        # A line nobody keeps is not put together either.
        if asked.endpoint not in SHARED and _lines.isEnabledFor(logging.INFO):
            _log_request(asked, response, seconds)
        return response


def _log_request(asked: Request, response: Response, seconds: float) -> None:
    log.info(
        "request",
        method=asked.method,
        endpoint=asked.endpoint,
        path=_KEY.sub("nep_…", asked.path),
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
        actor=current_actor().id,
        address=asked.remote_addr,
    )


class _Metrics:
    """This application's own registry: several applications may live in one process (tests)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "portal_requests",
            "Requests answered",
            ["method", "endpoint", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "portal_request_seconds",
            "Time to answer",
            ["endpoint"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

        self._noting: dict[tuple[str, str, int], _Noting] = {}

    def note(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Count one request. Its labels are looked up, and checked, once for each kind."""
        kind = (method, endpoint, status)
        noting = self._noting.get(kind)
        if noting is None:
            counter = self.requests.labels(method, endpoint, str(status))
            noting = self._noting[kind] = counter.inc, self.seconds.labels(endpoint).observe
        count, observe = noting
        count()
        observe(seconds)

    def render(self) -> bytes:
        # prometheus_client reads this variable itself, at import, and then keeps its values in
        # files that all processes of one server share.
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        everybody = CollectorRegistry()
        multiprocess.MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return generate_latest(everybody)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process lives; nothing else is asked."""
    return jsonify(ok=True)


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Database, ledger and time-stamping answer. Details are in the logs, not here."""
    parts = _parts()
    ready = all(parts.values())
    return jsonify(ok=ready, parts=parts), 200 if ready else 503


@blueprint.get("/metrics")
@roles_required("operator", "administrator")
def metrics() -> Response:
    """Figures for Prometheus, which sends an API key of an operator."""
    counted = current_app.extensions["notary-metrics"].render()
    kept = figures.render(services().vouching.figures())
    return Response(counted + kept, mimetype=CONTENT_TYPE_LATEST)


def _parts() -> dict[str, bool]:
    kept = current_app.extensions.get("notary-ready")
    if kept is not None and time.monotonic() - kept[0] < _READY_SECONDS:
        return dict(kept[1])
    probes = {"database": _database, "ledger": _ledger, "timestamping": _timestamping}
    parts = {name: _answers(name, probe) for name, probe in probes.items()}
    current_app.extensions["notary-ready"] = (time.monotonic(), parts)
    return parts


def _answers(name: str, probe: Callable[[], str]) -> bool:
    try:
        fault = probe()
    except Exception as error:  # noqa: BLE001 (whatever it is, the part does not answer)
        fault = f"{type(error).__name__}: {error}"
    if fault:
        log.warning("not ready", part=name, fault=fault)
    return not fault


def _database() -> str:
    with services().database.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return ""


def _ledger() -> str:
    health = services().ledger.health()
    return "" if health.ok else health.detail


def _timestamping() -> str:
    health = services().stamper.health()
    return "" if health.ok else health.detail
