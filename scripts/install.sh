#!/bin/sh
# Installs slimmemeter on Debian 12 or 13 or Raspberry Pi OS: builds the package of this clone, and apt
# installs it. Run again, from a newer clone, it upgrades. What was cut off can be repeated.
set -eu
umask 022
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
FORMER=/opt/slimmemeter UNIT=/etc/systemd/system/appWebserver.service # of version 1.0: ITS, kept ASIDE
ITS="$FORMER $UNIT /etc/cron.d/slimmemeter /etc/tmpfiles.d/slimmemeter.conf
    /usr/local/bin/p1-pull /usr/local/bin/slimmemeter"
ASIDE=/opt/slimmemeter-1.0

fail() { printf 'install.sh: %s\n' "$1" >&2 && exit "${2:-1}"; }

apt() { apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold -qq --yes "$@" >"$work/log"; }

install_package() { apt install --no-install-recommends --reinstall --allow-downgrades "$@" "$package"; }

former() { runuser -u slimmemeter -- $FORMER/current/.venv/bin/python -I -m "$@"; }

move_aside() {
    [ -e $ASIDE/backup ] || { mkdir -p $ASIDE && former slimmemeter.installation backup >"$work/backup" && mv "$work/backup" $ASIDE; }
    trap put_back EXIT
    [ ! -e $UNIT ] || systemctl disable --quiet --now appWebserver # moved already by a run that was cut off
    for each in $ITS; do
        if [ -e "$each" ] && [ ! -e "$ASIDE$each" ]; then mkdir -p "$ASIDE${each%/*}" && mv -T "$each" "$ASIDE$each"; fi
    done
}

put_back() {
    cp -p /etc/default/slimmemeter "$work/settings"
    dpkg --purge --force-remove-reinstreq slimmemeter >/dev/null 2>&1 || true
    cp -p "$work/settings" /etc/default/slimmemeter
    for each in $ITS; do [ ! -e "$ASIDE$each" ] || mv -T "$ASIDE$each" "$each"; done
    former slimmemeter.installation migrate || former slimmemeter.cli restore --yes "$(cat $ASIDE/backup)" || true
    systemctl daemon-reload && systemctl enable --quiet --now appWebserver
    rm -rf $ASIDE "$work" && fail "the package could not be installed: version 1.0 goes on"
}

[ $# = 0 ] || fail "it takes no arguments (uninstall: sudo apt remove slimmemeter)" 2
[ "$(id -u)" = 0 ] || fail "only root may do that: sudo scripts/install.sh"
[ -d /run/systemd/system ] || fail "there is no systemd running here"
command -v apt-get >/dev/null || fail "this isn't Debian: there is no apt-get"
umask 077 && exec 9>>/run/slimmemeter-install.lock && umask 022 # which no other user can open
flock -w 300 9 || fail "another installation is running"
password=
if [ -t 0 ] && [ ! -e /etc/default/slimmemeter ]; then
    trap 'stty echo' EXIT && stty -echo && printf 'A password for the pages, if you want one; else Enter: ' >&2
    { read -r password || password=; } && stty echo && echo >&2
fi
work=$(mktemp -d) && chmod 755 "$work" && trap 'rm -rf "$work"' EXIT
package=$("$(dirname "$(readlink -f "$0")")/build-deb.sh" "$work")
echo "fetching what it needs of Debian: seconds, on a slow line some minutes"
install_package --download-only || { dpkg --configure -a >&2 || true; apt update; install_package --download-only; }
if [ -e $FORMER/current ] || [ -e $ASIDE/backup ]; then move_aside; fi
echo "installing: half a minute, on an old Pi some minutes"
install_package || { sed 's/^/    /' "$work/log" >&2 && fail "apt could not install the package"; }
sed -n '/^Setting up slimmemeter/,$ {/^Processing/!p}' "$work/log"
[ ! -e $ASIDE ] || echo "slimmemeter went from 1.0 to this; what is new is in docs/changelog.md"
[ -z "$password" ] || printf '%s\n' "$password" | slimmemeter password
rm -f $ASIDE/backup && rm -rf $ASIDE "$work" && trap - EXIT # without the backup there is no way back
