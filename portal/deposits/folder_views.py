"""What is taken away of a folder by itself: one of its files, and its list."""

from __future__ import annotations

from flask import Response

from portal.deposits.blueprint import blueprint
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services


@blueprint.get("/deposits/<deposit_id>/files/<int:position>")
def folder_file(deposit_id: str, position: int) -> Response:
    """One file, at its place in the list from 0 on; always as a download."""
    return attachment(services().deposits.file_of(current_actor(), deposit_id, position))


@blueprint.get("/deposits/<deposit_id>/files.json")
def folder_list(deposit_id: str) -> Response:
    """The canonical list, byte for byte as it was recorded."""
    return attachment(services().deposits.file_list(current_actor(), deposit_id))
