#!/bin/sh
# Stands in /usr/local/bin as `p1-pull` and as `slimmemeter`: runs that program as the user who
# collects, so that cron, the service and whoever logs in mean the same file.
program=/opt/slimmemeter/current/.venv/bin/${0##*/}

as_collector() {
    case $(id -un) in
    slimmemeter) "$@" ;;
    root) runuser -u slimmemeter -- "$@" ;;
    *) sudo -u slimmemeter -- "$@" ;;
    esac
}

# Whoever may read the backups anyway needs no rights to list them.
case "${0##*/} $*" in "slimmemeter backup --list"*)
    id -nG | tr ' ' '\n' | grep -qx slimmemeter && exec "$program" "$@" ;;
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
as_collector "$program" "$@"
