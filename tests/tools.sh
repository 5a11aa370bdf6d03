#!/usr/bin/env bash
# Installs the clients and checkers that the tests drive: boto3 and the AWS CLI (PyPI), promtool
# (Debian). Does nothing when they are there. Elsewhere than on Debian it says what is missing.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
target="${CARGO_TARGET_DIR:-$here/../target}"
venv="$target/test-clients"

fail() {
    echo "make test: $1" >&2
    exit 1
}

debian() {
    local command=$1 package=$2
    command -v "$command" >/dev/null 2>&1 && return
    command -v apt-get >/dev/null 2>&1 ||
        fail "$command is needed; install it (Debian's package: $package)"
    local root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || fail "$command is needed; as root: apt-get install $package"
        root=(sudo)
    fi
    echo "installing $package"
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "$package" >/dev/null
}

debian python3 python3
debian promtool prometheus

mkdir -p "$target"
if ! cmp -s "$here/clients/requirements.txt" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv" || fail "python3 cannot make a virtual environment; on Debian: apt-get install python3-venv"
    echo "installing $(tr '\n' ' ' <"$here/clients/requirements.txt")"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/clients/requirements.txt"
    cp "$here/clients/requirements.txt" "$venv/requirements.txt"
fi
