#!/usr/bin/env bash
# Run pytest, and ask the few tests that failed beside others once more, each alone.
#
#   scripts/tests.sh [PYTEST ARG ...]
#
# Seven thousand tests start browsers, desktops, nodes and databases, two at a time, and hold some of them
# to their promises in seconds: a machine that stood still for a moment fails one. What is broken fails
# alone as well. Both runs are told in full; more than a few failures are never put down to the machine.
set -uo pipefail
FEW=3
pytest=(.venv/bin/pytest --dist worksteal)

"${pytest[@]}" --cache-clear "$@"
status=$?
# 1: tests failed. Anything else is no matter of one test.
[ $status -eq 1 ] || exit $status
failed=$(.venv/bin/python -c 'import json; print(len(json.load(open(".pytest_cache/v/cache/lastfailed"))))')
[ "$failed" -le $FEW ] || exit 1
echo "• $failed failed beside others: once more, alone"
exec "${pytest[@]}" "$@" -n 0 --last-failed --last-failed-no-failures none --cov-append
