"""Downloads as HTTP answers that no browser opens as a page of ours."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, request
from werkzeug.http import dump_options_header

from portal.downloads import Download


def attachment(download: Download) -> Response:
    """The answer that streams ``download``; its name in both forms of RFC 6266 §4.3.

    Who only asks what there is (HEAD) takes nothing away: nothing is rendered or recorded.
    """
    stream = () if request.method == "HEAD" else download.stream
    answer = Response(stream, mimetype=download.media_type)
    answer.headers["Content-Disposition"] = dump_options_header(
        "attachment", _names(download.filename)
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    if download.size is not None:
        answer.content_length = download.size
    return answer


def _names(name: str) -> dict[str, str]:
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    if plain == name:
        return {"filename": name}
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}
