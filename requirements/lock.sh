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
pip install --no-build-isolation -e '.[dev,synthesis,peers,browser,text,quantised]'
{ echo "# What the long tests need beside run.txt and test.txt (place and route, ZigZag, a browser, tokenizers, Brevitas)."
  frozen | grep -vxFf "$work/run.txt" | grep -vxFf "$work/test.txt"
  # Brevitas needs it, at most 80.
  pip freeze --all | grep '^setuptools=='; } > "$work/long.txt"
grep -v '^#' "$work/long.txt" | sed 's/==.*//' | xargs "$work/venv/bin/python" -m pip --quiet uninstall --yes
pip install --no-build-isolation -e '.[dev,bench]'
{ echo "# What the benchmarks' peers need beside run.txt and test.txt. Written by requirements/lock.sh."
  frozen | grep -vxFf "$work/run.txt" | grep -vxFf "$work/test.txt"
  # qtorch-plus compiles with it; new Pythons' environments come without.
  pip freeze --all | grep '^setuptools=='; } > "$work/bench.txt"
# AccelForge needs a newer Python than hwdse.
"${ACCELFORGE_PYTHON:-python3.12}" -m venv "$work/accelforge"
pip() { "$work/accelforge/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
pip install "$("$work/accelforge/bin/python" -c 'import tomllib; print(*tomllib.load(
  open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["accelforge"])')"
{ echo "# AccelForge, which the long tests give an environment of its own (Python >= 3.12). Written by requirements/lock.sh."
  frozen; } > "$work/peers.txt"
mv "$work"/{run,test,long,bench,peers}.txt requirements/
