"""The voucher check for monitoring: read from the rows when it is asked, whatever process reads."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from portal.vouching.service import Figures


def render(figures: Figures) -> bytes:
    """Prometheus' text format."""
    registry = CollectorRegistry()
    kept = Gauge(
        "portal_vouch_deposits",
        "Deposits whose content is kept, by the outcome of their last reading",
        ["outcome"],
        registry=registry,
    )
    for outcome, count in figures.outcomes.items():
        kept.labels(outcome).set(count)
    alarms = Gauge("portal_vouch_alarms", "Alarms nobody took note of", registry=registry)
    alarms.set(figures.alarms)
    oldest = Gauge(
        "portal_vouch_oldest_seconds", "Since anything kept was last read", registry=registry
    )
    oldest.set(figures.oldest)
    return generate_latest(registry)
