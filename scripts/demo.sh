#!/bin/sh
# A simulated house, its meter on a pseudo-terminal, the real p1-pull, and the pages on
# http://localhost:8765 until Ctrl-C. With --check it looks at the pages once, and ends.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
extra=
. scripts/environment.sh
exec .venv/bin/slimmemeter demo --db .demo/slimmemeter.sqlite3 --listen localhost:8765 "$@"
