"""Processes of ours that need not import everything anew.

The portal takes longer to import than most of what a test has it do, and a live portal is five
processes. A server that has imported it forks them. It has no threads and no connections of a test,
and no application: each process makes its own, from its own environment, as if it had been started
by hand.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "tests.faults.dying",
        "portal.app",
        "portal.cli",
        "flask.cli",
        "gunicorn.app.wsgiapp",
        "gunicorn.workers.gthread",
        # what is imported when an application is made
        "flask_security.cli",
        "forensics.deskd.client",
        "forensics.session.status",
        "passlib.handlers.argon2",
        "pyhanko.pdf_utils.filters",
    ]
)


class Program:
    """``python -m MODULE ARGUMENTS`` in the folder of the sources, without the start of an
    interpreter. What it prints is added to the file ``output``, and its errors to ``errors`` or
    there as well; ``entered`` is its standard input."""

    def __init__(
        self,
        *words: str,
        environment: Mapping[str, str],
        output: Path,
        errors: Path | None = None,
        entered: str = "",
    ) -> None:
        self._process = FORKS.Process(
            target=_become, args=(words, dict(environment), output, errors or output, entered)
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def wait(self, seconds: float | None = None) -> int:
        """Its exit status; negative, the signal that ended it.

        Raises:
            TimeoutError: it is still running.
        """
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise TimeoutError(f"process {self.pid} is still running after {seconds} s")
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def end(self, seconds: float = 20) -> None:
        """Ask it to end, and see that it does."""
        self.terminate()
        try:
            self.wait(seconds)
        except TimeoutError:
            self.kill()
            self.wait()


def run(*words: str, environment: Mapping[str, str], entered: str = "") -> str:
    """Run a :class:`Program` to its end; what it printed.

    Raises:
        subprocess.CalledProcessError: it failed; ``stderr`` tells why.
    """
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        status = Program(
            *words, environment=environment, output=output, errors=errors, entered=entered
        ).wait()
        said, complaint = output.read_text(), errors.read_text()
    if status:
        raise subprocess.CalledProcessError(status, words, said, complaint)
    return said


def _become(
    words: tuple[str, ...], environment: dict[str, str], output: Path, errors: Path, entered: str
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    with (
        tempfile.TemporaryFile("w+") as typed,
        output.open("ab") as said,
        errors.open("ab") as complained,
    ):
        typed.write(entered)
        typed.seek(0)
        for number, file in enumerate((typed, said, complained)):
            os.dup2(file.fileno(), number)
    sys.stdin = os.fdopen(0, closefd=False)  # the server has none
    sys.argv = list(words)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)
