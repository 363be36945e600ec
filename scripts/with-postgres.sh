#!/usr/bin/env bash
# Run a command beside a real PostgreSQL of its own, and take it away afterwards.
#
#   scripts/with-postgres.sh COMMAND [ARG ...]
#
# The command finds TEST_DATABASE_URL in its environment. The cluster lives in a temporary folder and
# listens on a unix socket only. It does not wait for the disk: its files live as long as COMMAND, and
# no test takes the machine's power away.
#
# A database is some eight hundred files, and each test makes and drops one: that kept the file system of
# a disk busier than the server itself. So the cluster lies in memory where two gigabytes of it are free,
# or in TMPDIR for who sets it.
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "PostgreSQL is not installed; run 'make setup-test' first" >&2; exit 1; }

roomy() {
    [ -w /dev/shm ] && [ "$(df --output=avail -BM /dev/shm | tr -dc '[:digit:]')" -ge 2048 ] &&
        awk '/^MemAvailable:/ { exit $2 < 2 * 1024 * 1024 }' /proc/meminfo
}
place=/tmp
if roomy; then place=/dev/shm; fi
home=$(mktemp -d "${TMPDIR:-$place}/notary-postgres.XXXXXX")

as_owner=()
if [ "$(id -u)" = 0 ]; then
    # The server refuses to run as root; Debian's package made this user.
    chown postgres "$home"
    as_owner=(runuser -u postgres --)
fi
finish() {
    (cd / && "${as_owner[@]}" "$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1) || true
    rm -rf "$home"
}
trap finish EXIT

(
    cd /
    "${as_owner[@]}" "$bin/initdb" -D "$home/data" -U notary -A trust -E UTF8 --no-locale >/dev/null
    "${as_owner[@]}" "$bin/pg_ctl" -D "$home/data" -l "$home/log" -w start \
        -o "-c listen_addresses='' -c unix_socket_directories='$home' -c max_connections=200 -c fsync=off -c full_page_writes=off" >/dev/null
    "${as_owner[@]}" "$bin/createdb" -h "$home" -U notary notary
)
chmod 755 "$home"
TEST_DATABASE_URL="postgresql+psycopg://notary@/notary?host=$home" "$@"
