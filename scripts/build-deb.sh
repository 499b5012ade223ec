#!/bin/sh
# Builds slimmemeter_VERSION_all.deb into a folder (this one, if none is named) and prints its path.
# The same commit gives the same bytes, on Debian 12 and 13.
set -eu
umask 022
export LC_ALL=C.UTF-8 TZ=UTC GIT_OPTIONAL_LOCKS=0
mkdir -p "${1:-.}"
target=$(readlink -f "${1:-.}")
cd "$(dirname "$(readlink -f "$0")")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
install -d -m 755 "$tree"
python=usr/lib/python3/dist-packages
about=usr/share/doc/slimmemeter
units=usr/lib/systemd/system

main() {
    name_version
    program=usr/share/slimmemeter/$version
    put_program
    put_system
    put_documents
    put_control
    find "$tree" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
    file=$target/slimmemeter_${version}_all.deb
    dpkg-deb --root-owner-group -Zxz -z6 --threads-max=1 --build "$tree" "$file" >/dev/null
    printf '%s\n' "$file"
}

git_says() { git -c "safe.directory=$PWD" "$@" 2>/dev/null; }

# A release's version is its number. Of any other commit the time follows, so that it is newer.
name_version() {
    number=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' slimmemeter/__init__.py)
    commit=$(git_says describe --always --dirty=.changed --abbrev=8 --exclude '*') || commit=
    tag=$(git_says describe --exact-match --tags --dirty=.changed) || tag=
    at=${SOURCE_DATE_EPOCH:-$(git_says log -1 --format=%ct || stat -c %Y slimmemeter/__init__.py)}
    export SOURCE_DATE_EPOCH="$at"
    version=$number
    if [ -n "$commit" ] && [ "$tag" != "v$number" ]; then
        version=$number+$(date --date "@$at" +%Y%m%d%H%M%S).$commit
    fi
}

put() { install -D -m "$1" "$2" "$tree/$3"; } # MODE FILE PLACE

# A version is a folder, and Python finds it through a link. dpkg puts links in place last, and takes
# away the old folder after that: whenever it is killed, there is one whole program.
put_program() {
    mkdir -p "$tree/$program" "$tree/$python"
    cp -R --no-preserve=mode slimmemeter "$tree/$program"
    find "$tree/$program" -name __pycache__ -prune -exec rm -r {} +
    [ -z "$commit" ] || printf '%s\n' "$commit" >"$tree/$program/slimmemeter/commit"
    ln -s "../../../share/slimmemeter/$version/slimmemeter" "$tree/$python/slimmemeter"
    put 755 scripts/pull.sh usr/share/slimmemeter/scripts/pull.sh
    for name in p1-pull slimmemeter; do put 755 scripts/wrapper.sh "usr/bin/$name"; done
}

put_system() {
    put 644 debian/slimmemeter.sysusers usr/lib/sysusers.d/slimmemeter.conf
    put 644 debian/slimmemeter.tmpfiles usr/lib/tmpfiles.d/slimmemeter.conf
    put 644 debian/slimmemeter.cron.d etc/cron.d/slimmemeter
    put 644 debian/slimmemeter.lintian-overrides usr/share/lintian/overrides/slimmemeter
    for unit in systemd/*; do put 644 "$unit" "$units/${unit##*/}"; done
    ln -s appWebserver.service "$tree/$units/slimmemeter.service"
}

put_documents() {
    put 644 debian/copyright "$about/copyright"
    put 644 README.md "$about/README.md"
    for page in docs/*.md; do put 644 "$page" "$about/$page"; done
    put 644 test-telegram.txt "$about/examples/test-telegram.txt"
    changelog | gzip -9n >"$tree/$about/changelog.gz"
    mkdir -p "$tree/usr/share/man/man1"
    page_of_pull | gzip -9n >"$tree/usr/share/man/man1/p1-pull.1.gz"
    page_of_commands | gzip -9n >"$tree/usr/share/man/man1/slimmemeter.1.gz"
}

page_of_pull() {
    head_of p1-pull 'read a smart meter'
    run "sys.argv[0] = 'p1-pull'; from slimmemeter.pull import main; main()" --help | section DESCRIPTION
}

# Each command has a section, in the place of their list, which every Python sets otherwise.
page_of_commands() {
    head_of slimmemeter 'the readings of a smart meter'
    cli --help | sed '/^positional/,/^exit codes/{/^exit codes/!d}' | section DESCRIPTION
    run 'from slimmemeter.commands import COMMANDS
for name, about in COMMANDS.items(): print(name, about.sentence)' | while read -r name sentence; do
        cli "$name" --help | section "$name: $sentence"
    done
}

cli() { run 'from slimmemeter.cli import main; main()' "$@"; }

changelog() {
    printf 'slimmemeter (%s) unstable; urgency=medium\n\n' "$version"
    printf '  * What changed is in /%s.\n\n' "$about/docs/changelog.md"
    sed -n "s/^Maintainer: \(.*\)/ -- \1  $(date --rfc-email --date "@$at")/p" debian/control
}

run() { # CODE [ARGUMENT...]: with the program that is packed
    code=$1 && shift
    COLUMNS=78 python3 -I -X "pycache_prefix=$work/compiled" -c "import sys; sys.path.insert(0, sys.argv.pop(1)); $code" "$tree/$program" "$@"
}

head_of() { # NAME SENTENCE
    printf '.TH %s 1 "" "slimmemeter %s"\n.SH NAME\n%s \\- %s\n' "$1" "$number" "$1" "$2"
}

section() { # TITLE <TEXT
    printf '.SH %s\n.nf\n' "$1"
    sed 's/\\/\\e/g; s/-/\\-/g; '"s/^[.']/\\\\&&/"
    printf '.fi\n'
}

put_control() {
    for script in preinst postinst prerm postrm; do put 755 "debian/$script" "DEBIAN/$script"; done
    printf '/etc/cron.d/slimmemeter\n' >"$tree/DEBIAN/conffiles"
    (cd "$tree" && find usr -type f -exec md5sum {} + | sort -k 2) >"$tree/DEBIAN/md5sums"
    size=$(find "$tree" -printf '%s %y\n' | awk '{n += $2 == "f" ? int(($1 + 1023) / 1024) : 1} END {print n}')
    sed "/^Architecture/i Version: $version" debian/control | sed "/^Section/i Installed-Size: $size" \
        >"$tree/DEBIAN/control"
}

main
