#!/usr/bin/env bash
# Give the judges aics-tlog and aics-witness an environment of their own, .judges/aics. Looks first,
# so that running it again is cheap. The packages declare Python 3.12 and run on 3.11.
set -euo pipefail
cd "$(dirname "$0")/../.."
home=.judges/aics
lock=scripts/judges/aics.lock

if cmp -s "$lock" "$home/installed.lock"; then
    exit 0
fi
rm -rf "$home"
"${PYTHON:-python3}" -m venv "$home"
"$home/bin/pip" install --quiet --disable-pip-version-check --ignore-requires-python --no-deps \
    --only-binary :all: --require-hashes -r "$lock"
cp "$lock" "$home/installed.lock" # last: without it the environment counts as unfinished
