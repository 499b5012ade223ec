#!/bin/sh
# Lint, types and tests. --long adds the long ones, --servers those that need a browser or other
# programs' servers, --system those that build packages, or need root and boot a Debian of their own;
# what else is given goes to pytest. Four processes test, as much of it is waiting.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
extra=test
. scripts/environment.sh
echo "this takes about five minutes on two quiet cores; --long, --servers and --system take more"
.venv/bin/ruff check
.venv/bin/ruff format --check
.venv/bin/mypy
exec .venv/bin/pytest --numprocesses=4 --dist=loadfile --no-loadscope-reorder "$@"
