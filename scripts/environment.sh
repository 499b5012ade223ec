# Sourced by demo.sh and test.sh, in the project's root: makes .venv and installs the project with
# the extra that $extra names, if that wasn't done since pyproject.toml changed.

python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "$0 needs python3 of version 3.11 or newer with venv: sudo apt install python3-venv" >&2
    exit 2
}
.venv/bin/python -c '' 2>/dev/null || {
    echo "making .venv"
    rm -rf .venv
    python3 -m venv .venv
}
cmp -s pyproject.toml ".venv/installed-with-$extra" || {
    echo "installing slimmemeter and what it needs into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".${extra:+[$extra]}"
    cp pyproject.toml ".venv/installed-with-$extra"
}
