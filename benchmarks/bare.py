"""The handler the portal is measured against: bare Flask, one durable insert, nothing else."""

from __future__ import annotations

import os
import sqlite3
import threading
import uuid

from flask import Flask, Response, jsonify, request

app = Flask(__name__)
_local = threading.local()


def _connection() -> sqlite3.Connection:
    if not hasattr(_local, "connection"):
        connection = sqlite3.connect(os.environ["BARE_DATABASE"], timeout=30, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS deposit (id TEXT PRIMARY KEY, body TEXT)")
        _local.connection = connection
    found: sqlite3.Connection = _local.connection
    return found


@app.post("/api/v1/deposits")
def deposit() -> tuple[Response, int]:
    identifier = str(uuid.uuid4())
    body = request.get_json()
    _connection().execute("INSERT INTO deposit VALUES (?, ?)", (identifier, str(body)))
    return jsonify(id=identifier), 201
