#!/bin/sh
# Installs slimmemeter on Debian 12 or 13, or what is made of them, such as Raspberry Pi OS;
# run again, from a newer clone, it upgrades. Each step can be interrupted and repeated.
#
#   sudo scripts/install.sh               install or upgrade
#   sudo scripts/install.sh --uninstall   remove all but the readings and the settings
#   sudo scripts/install.sh --purge       remove these too, after asking (--yes: without)
#   scripts/install.sh --dry-run          say what it would do; also before one of the others
set -eu
umask 022
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

PACKAGES="cron python3-markupsafe python3-matplotlib python3-numpy python3-pil python3-venv"
HOUSE=/opt/slimmemeter
DATA=/var/lib/slimmemeter
FONTS=/var/cache/slimmemeter
SETTINGS=/etc/default/slimmemeter
KEPT_SETTINGS=$DATA/settings
CRON=/etc/cron.d/slimmemeter
RUN=/etc/tmpfiles.d/slimmemeter.conf
UNIT=/etc/systemd/system/appWebserver.service
WRAPPERS="/usr/local/bin/p1-pull /usr/local/bin/slimmemeter"
COLLECTOR=slimmemeter
SERVER=slimmemeter-web
CONTENT="LICENSE README.md docs pyproject.toml scripts slimmemeter systemd"

main() {
    task=install is_dry='' is_sure=''
    for argument in "$@"; do
        case $argument in
        --dry-run) is_dry=yes ;;
        --uninstall | --purge) task=${argument#--} ;;
        --yes) is_sure=yes ;;
        *) explain "$argument" ;;
        esac
    done
    here=$(readlink -f "$(dirname "$(readlink -f "$0")")/..")
    cd /
    if [ -n "$is_dry" ]; then exec 3>&1; else
        exec 3>/dev/null # for the steps that print too much
        alone
    fi
    "$task"
}

explain() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    case $1 in -h | --help) exit 0 ;; *) fail "there is no $1" 2 ;; esac
}

fail() { # SENTENCE [CODE]
    printf 'install.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

say() { printf '%s\n' "$1"; }

# Run a command; with --dry-run only print it.
run() {
    if [ -n "$is_dry" ]; then say "would run: $*"; else "$@"; fi
}

# put MODE OWNER:GROUP FILE <CONTENT: the file as a whole or not at all.
put() {
    if [ -n "$is_dry" ]; then say "would write: $3" && return; fi
    (umask 077 && cat >"$3.new")
    chmod "$1" "$3.new"
    chown "$2" "$3.new"
    sync "$3.new"
    mv -f "$3.new" "$3"
}

# Root, on a system that can have it, and no second installation at the same time.
alone() {
    [ "$(id -u)" = 0 ] || fail "only root may do that: sudo scripts/install.sh"
    [ -d /run/systemd/system ] || fail "there is no systemd running here"
    command -v apt-get >/dev/null || fail "this isn't Debian: there is no apt-get"
    mkdir -p "$HOUSE"
    umask 077
    exec 9>/run/slimmemeter-install.lock # in a folder and a file that no other user can open
    umask 022
    flock -w 300 9 || fail "another installation is running"
}

install() {
    [ "$here" != "$HOUSE" ] || fail "the program will be in $HOUSE: clone to another folder" 2
    add_packages
    version=$(name_of "$here")
    new=$HOUSE/$version
    python=$new/.venv/bin/python
    before=$(readlink "$HOUSE/current") || before=
    add_users
    build
    add_folders
    add_settings
    back_up
    switch
    add_programs
    as_collector "$python" -I -m slimmemeter.installation migrate
    start
    look_at_pages
    tidy_up
    report
}

is_there() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q ' installed$'; }

add_packages() {
    missing=
    for package in $PACKAGES; do is_there "$package" || missing="$missing $package"; done
    [ -n "$missing" ] || return 0
    say "installing Debian's$missing"
    # shellcheck disable=SC2086
    apt_install $missing || {
        dpkg --configure -a # if it was interrupted
        apt-get update -qq
        apt_install $missing
    } || fail "apt-get can't install$missing"
}

apt_install() {
    run apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends "$@" >&3
}

# A version's name: its number, and a hash of its files and of the Python that it is built for.
name_of() {
    number=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$1/slimmemeter/__init__.py")
    hash=$({
        python3 --version || true
        cd "$1" && find $CONTENT -name __pycache__ -prune -o -type f -print | sort |
            xargs -d '\n' sha256sum
    } | sha256sum | cut -c 1-8)
    say "$number-$hash"
}

add_users() {
    id "$COLLECTOR" >/dev/null 2>&1 ||
        run useradd --system --user-group --home-dir "$DATA" --shell /usr/sbin/nologin "$COLLECTOR"
    id "$SERVER" >/dev/null 2>&1 ||
        run useradd --system --gid "$COLLECTOR" --home-dir /nonexistent \
            --shell /usr/sbin/nologin "$SERVER"
    run usermod --append --groups dialout "$COLLECTOR"
}

# The environment has Debian's compiled packages and the locked rest. `complete` is its last file.
build() {
    [ ! -e "$new/complete" ] || return 0
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || [ -n "$is_dry" ] ||
        fail "python3 is older than 3.11: Debian 12 or newer is needed"
    say "building version $version"
    run rm -rf "$new"
    run mkdir -p "$new"
    # shellcheck disable=SC2086
    (cd "$here" && run cp -R $CONTENT "$new")
    run python3 -m venv --system-site-packages "$new/.venv"
    pip --ignore-installed --require-hashes --only-binary :all: -r "$new/scripts/requirements.lock"
    pip --no-build-isolation "$new"
    run touch "$new/complete"
    run sync -f "$new"
}

pip() {
    run "$new/.venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --root-user-action ignore --no-deps "$@"
}

add_folders() {
    run mkdir -p "$DATA" "$FONTS"
    run chown -R "$COLLECTOR:$COLLECTOR" "$DATA"
    run chmod 0750 "$DATA"
    run chown -R "$SERVER:$COLLECTOR" "$FONTS"
    # The list of fonts takes seconds: it is made now, and not with the first picture.
    run runuser -u "$SERVER" -- env MPLCONFIGDIR="$FONTS" "$python" -I -c \
        'import matplotlib.font_manager'
}

# The settings that an uninstallation kept, or new ones with a password typed by the user.
add_settings() {
    [ ! -e "$SETTINGS" ] || return 0
    if [ -e "$KEPT_SETTINGS" ]; then
        put 0640 "root:$COLLECTOR" "$SETTINGS" <"$KEPT_SETTINGS"
        return
    fi
    password=$(asked_password)
    text=$(say "$password" | run "$python" -I -m slimmemeter.installation settings)
    say "$text" | put 0640 "root:$COLLECTOR" "$SETTINGS"
}

asked_password() {
    [ -t 0 ] && [ -z "$is_dry" ] || return 0
    trap 'stty echo' EXIT
    stty -echo
    printf 'A password for the pages, if you want one; else Enter: ' >&2
    read -r answer || answer=
    stty echo
    trap - EXIT
    say "" >&2
    say "$answer"
}

as_collector() { run runuser -u "$COLLECTOR" -- "$@"; }

back_up() {
    copy=$(as_collector "$python" -I -m slimmemeter.installation backup) ||
        fail "without a backup nothing is changed"
    [ -z "$copy" ] || say "$copy"
}

# From here on it is the new version's; what worked before stays beside it.
switch() {
    if [ "$before" != "$version" ] && [ -e "$HOUSE/$before/worked" ]; then
        run ln -sfn "$before" "$HOUSE/previous"
    fi
    run ln -sfn "$version" "$HOUSE/current.new"
    run mv -fT "$HOUSE/current.new" "$HOUSE/current"
}

add_programs() {
    for wrapper in $WRAPPERS; do put 0755 root:root "$wrapper" <"$here/scripts/wrapper.sh"; done
    put 0644 root:root "$RUN" <<EOF
# Where p1-pull leaves word of itself, in memory.
d /run/slimmemeter 0755 $COLLECTOR $COLLECTOR
EOF
    run systemd-tmpfiles --create "$RUN"
    put 0644 root:root "$UNIT" <"$here/systemd/appWebserver.service"
    # A minute of this computer's own from 13:15 to 14:44, so that not every house asks at once.
    number=$({ cat /etc/machine-id || hostname; } 2>/dev/null | cksum | cut -d' ' -f1)
    minute=$((13 * 60 + 15 + number % 90))
    put 0644 root:root "$CRON" <<EOF
# slimmemeter: a reading every five minutes; every night a verified backup, and what a battery would
# have done, if there is a contract; tomorrow's prices of the market, once an hour until they are
# there, if SLIMMEMETER_PRICES says where.
*/5 * * * * $COLLECTOR $HOUSE/current/scripts/pull.sh
30 3 * * * $COLLECTOR /usr/local/bin/slimmemeter backup 2>&1 | logger -t slimmemeter-backup
10 4 * * * $COLLECTOR /usr/local/bin/slimmemeter battery --if-due 2>&1 | logger -t slimmemeter-battery
$((minute % 60)) $((minute / 60))-23 * * * $COLLECTOR /usr/local/bin/slimmemeter prices --if-due 2>&1 | logger -t slimmemeter-prices
EOF
    drop_crontab
}

# An installation by hand had the pull in the user's own crontab.
drop_crontab() {
    if crontab -u "$COLLECTOR" -l 2>/dev/null | grep -q "$HOUSE/scripts/pull.sh"; then
        run crontab -u "$COLLECTOR" -r
    fi
}

start() {
    run systemctl daemon-reload
    run systemctl enable --quiet cron appWebserver
    run systemctl start cron
    run systemctl restart appWebserver
}

look_at_pages() {
    if run "$python" -I -m slimmemeter.installation ask; then
        run touch "$new/worked"
    else
        say "see why: journalctl -u appWebserver"
        way_back
        fail "the pages of version $version don't answer; nothing more was changed"
    fi
}

way_back() {
    old=$(readlink -f "$HOUSE/previous") && [ -e "$old/complete" ] || return 0
    back=$old/scripts/install.sh
    if [ "$(schema_of "$old")" != "$(schema_of "$new")" ]; then
        restore="runuser -u $COLLECTOR -- $old/.venv/bin/slimmemeter restore --yes $copy"
        back="sh -c '$restore && $back'"
    fi
    say "this goes back to the version before: sudo $back"
}

schema_of() {
    "$1/.venv/bin/python" -I -c 'from slimmemeter.store.schema import VERSION; print(VERSION)'
}

# This version and the one that worked before stay.
tidy_up() {
    previous=$(readlink "$HOUSE/previous") || previous=
    for each in "$HOUSE"/* "$HOUSE"/.[!.]*; do
        case ${each##*/} in
        current | previous | "$version" | "$previous" | '*' | '.[!.]*') ;;
        *) run rm -rf "$each" ;;
        esac
    done
}

report() {
    say "the first pull:"
    as_collector "$new/.venv/bin/p1-pull" -v || true
    as_collector "$new/.venv/bin/slimmemeter" doctor || true
    as_collector "$python" -I -m slimmemeter.installation addresses
}

uninstall() {
    if [ -e "$UNIT" ]; then run systemctl disable --quiet --now appWebserver; fi
    for made in "$UNIT" "$CRON" "$RUN" $WRAPPERS; do run rm -f "$made" "$made.new"; done
    run systemctl daemon-reload
    if [ -e "$SETTINGS" ]; then run mv -f "$SETTINGS" "$KEPT_SETTINGS"; fi
    run rm -f "$SETTINGS.new"
    if [ -d "$DATA" ]; then run chown -R root:root "$DATA"; fi
    run rm -rf "$HOUSE" "$FONTS" /run/slimmemeter
    for user in "$SERVER" "$COLLECTOR"; do
        ! id "$user" >/dev/null 2>&1 || run userdel "$user"
    done
    ! getent group "$COLLECTOR" >/dev/null || run groupdel "$COLLECTOR"
    say "slimmemeter is gone; Debian's packages stay: $PACKAGES"
    [ "$task" = purge ] || say "the readings, backups and settings stay in $DATA"
}

purge() {
    [ -n "$is_sure$is_dry" ] || confirm
    uninstall
    run rm -rf "$DATA"
}

confirm() {
    [ -t 0 ] || fail "nobody is there to confirm it; --yes does" 2
    printf 'Remove all readings and backups in %s for ever? [y/N] ' "$DATA"
    read -r answer || answer=
    case $answer in y | yes | j | ja) ;; *) fail "nothing was removed" 2 ;; esac
}

main "$@"
