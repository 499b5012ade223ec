#!/bin/sh
# Stands in /usr/bin as `p1-pull` and as `slimmemeter`: runs that program as the user who collects,
# so that cron, the service and whoever logs in mean the same file.
name=${0##*/} module=slimmemeter
[ "$name" != p1-pull ] || module=slimmemeter.pull

# What only root can change.
case "$name ${1-}" in "slimmemeter password" | "slimmemeter listen")
    [ "$(id -u)" = 0 ] || exec sudo "$0" "$@"
    exec /usr/bin/python3 -I -m "$module" "$@"
    ;;
esac

as_collector() {
    case $(id -un) in
    slimmemeter) "$@" ;;
    root) runuser -u slimmemeter -- "$@" ;;
    *) sudo -u slimmemeter -- "$@" ;;
    esac
}

# Whoever may read the backups anyway needs no rights to list them.
case "$name $*" in "slimmemeter backup --list"*)
    id -nG | tr ' ' '\n' | grep -qx slimmemeter && exec /usr/bin/python3 -I -m "$module" "$@" ;;
esac

# A file to read that this user can see and that one can't, as in a home, comes as standard input.
case ${1-} in restore | import)
    for argument do
        shift
        if [ -z "${hidden-}" ] && [ -f "$argument" ] && ! as_collector test -r "$(readlink -f "$argument")"; then
            hidden=$argument argument=-
        fi
        set -- "$@" "$argument"
    done
    [ -z "${hidden-}" ] || exec <"$hidden"
    ;;
esac
as_collector /usr/bin/python3 -I -m "$module" "$@"
