#!/bin/sh
# Renews scripts/requirements.lock: the pure-Python packages that install.sh puts into the
# environment, each with the hashes of its files. What is compiled comes from Debian.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
extra=
. scripts/environment.sh
.venv/bin/python -m pip install --quiet uv
from_debian="contourpy cycler fonttools kiwisolver markupsafe matplotlib numpy packaging pillow
    pyparsing python-dateutil six"
.venv/bin/uv pip compile --quiet --upgrade --python-version 3.11 --python-platform linux \
    --generate-hashes --no-annotate --custom-compile-command scripts/lock.sh \
    $(printf -- '--no-emit-package %s ' $from_debian) \
    --group pyproject.toml:install pyproject.toml -o scripts/requirements.lock
