#!/usr/bin/env bash
# Prepare a fresh Debian 12 (or refresh an old checkout) and start nothing.
#
#   scripts/setup.sh run     what the portal needs to serve
#   scripts/setup.sh test    that, and what the tests, judges and browser need
#
# Every step looks first and does nothing when its work is done, so running this again is cheap.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}
python=${PYTHON:-python3}
state=.setup
mkdir -p "$state"
exec 9>"$state/lock"
flock 9 # two set-ups at once would tread on each other

say() { printf '• %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
may_be_root() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

# --- Debian packages -------------------------------------------------------------------------
# "command-or-file:package"; a package is asked for only when what it brings is missing.
wanted=(
    /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc:fonts-noto-cjk
    npm:npm
    openssl:openssl
)
"$python" -c 'import ensurepip, venv' 2>/dev/null || wanted+=("/nonexistent:python3-venv")
if [ "$purpose" = test ]; then
    wanted+=(
        pdftoppm:poppler-utils
        curl:curl
        go:golang-go
        /usr/share/gocode/src/golang.org/x/mod/sumdb:golang-golang-x-mod-dev
        /usr/lib/postgresql/15/bin/initdb:postgresql
        redis-server:redis-server
        xterm:xterm
        xdotool:xdotool
        softhsm2-util:softhsm2
    )
fi
# What remote captures need. Without it the portal runs with captures switched off and says why.
capture=(
    Xtigervnc:tigervnc-standalone-server
    openbox:openbox
    /usr/bin/chromium:chromium
    bwrap:bubblewrap
    nft:nftables
    ip:iproute2
    xauth:xauth
    mkfs.ext4:e2fsprogs
)

# Prints the packages of "thing:package" pairs whose thing is not there.
lacking() {
    local pair thing
    for pair in "$@"; do
        thing=${pair%%:*}
        case $thing in
            /*) [ -e "$thing" ] || printf '%s ' "${pair#*:}" ;;
            *) PATH="$PATH:/usr/sbin:/sbin" command -v "$thing" >/dev/null || printf '%s ' "${pair#*:}" ;;
        esac
    done
}
install_debian() {
    say "installing Debian packages: $*"
    as_root apt-get update -q >"$state/apt.log" 2>&1 || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        "$@" >>"$state/apt.log" 2>&1
}
can_install() { command -v apt-get >/dev/null && may_be_root; }

read -ra missing <<<"$(lacking "${wanted[@]}")"
if [ ${#missing[@]} -gt 0 ]; then
    can_install || {
        say "please have an administrator run: apt-get install ${missing[*]}" >&2
        exit 1
    }
    install_debian "${missing[@]}" || {
        tail -n 20 "$state/apt.log" >&2
        say "the Debian packages above could not be installed; see $state/apt.log" >&2
        exit 1
    }
fi
read -ra missing <<<"$(lacking "${capture[@]}")"
if [ ${#missing[@]} -gt 0 ]; then
    if ! can_install || ! install_debian "${missing[@]}"; then
        say "remote captures stay switched off until an administrator runs: apt-get install ${missing[*]}" >&2
    fi
fi

# --- Python ----------------------------------------------------------------------------------
lock=requirements.lock
[ "$purpose" = test ] && lock=requirements-dev.lock
[ -x .venv/bin/python ] || { say "creating the virtual environment"; "$python" -m venv .venv; }
stamp=$(cat "$lock" pyproject.toml | sha256sum | cut -c1-64)
# The development lock holds everything the other one does, at the same versions.
if [ "$(cat "$state/$lock" 2>/dev/null)" != "$stamp" ]; then
    say "installing Python packages from $lock"
    .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    # The project itself, so that its entry points and commands are found from any folder.
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    echo "$stamp" >"$state/$lock"
fi

# --- Browser assets, from npm by lock file ---------------------------------------------------
assets=$(cat package-lock.json scripts/vendor_assets.py | sha256sum | cut -c1-64)
if [ "$(cat "$state/assets" 2>/dev/null)" != "$assets" ] || [ ! -d portal/ui/static/vendor ]; then
    say "installing browser assets"
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    .venv/bin/python scripts/vendor_assets.py
    echo "$assets" >"$state/assets"
fi

# --- Translations ----------------------------------------------------------------------------
.venv/bin/python scripts/translations.py compile

# --- Independent judges, for the tests -------------------------------------------------------
if [ "$purpose" = test ]; then
    bash scripts/judges/setup_aics.sh
    # --- The Solidity compiler and an EVM node, from npm by lock file ---
    tools=$(sha256sum scripts/evm/package-lock.json | cut -c1-64)
    if [ "$(cat "$state/evm" 2>/dev/null)" != "$tools" ] || [ ! -d scripts/evm/node_modules ]; then
        say "installing the Solidity compiler and an EVM node"
        # In the folder itself: --prefix would make npm forget the machine's own configuration.
        (cd scripts/evm && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
        echo "$tools" >"$state/evm"
    fi
fi
say "ready"
