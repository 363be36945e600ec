"""Visiting a list of addresses with nobody at the desktop: each is shown, settled, captured."""

from __future__ import annotations

from forensics.session.keeper import Keeper


def visit(keeper: Keeper) -> None:
    """Visit every address of the session, then end it.

    An address that fails is said in the event log, and the next is visited: the record of a site
    that did not answer is whole. Visits that break off leave the session incomplete.
    """
    urls = keeper.spec.desktop.urls
    reason = "every address was visited"
    try:
        visited = keeper.pages.visit(urls).result()
    except Exception as error:  # noqa: BLE001 - what there is, is sealed as it is
        with keeper.lock:
            keeper.state.lacking.append(f"the visits broke off: {error}"[:500])
            keeper.finish("the visits broke off")
        return
    failed = [each for each in visited if each.state == "failed"]
    if failed:
        reason += f"; {len(failed)} of {len(urls)} could not be captured"
    with keeper.lock:
        for each in failed:
            detail = f"{each.url[:300]}: {each.reason}"
            keeper.emit("warning", {"what": "address", "detail": detail})
        keeper.finish(reason)
