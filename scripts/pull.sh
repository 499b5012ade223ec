#!/bin/sh
# Cron's pull: `p1-pull` from the environment beside this script, with this script's arguments.
# Silent when all is well; a failure goes to standard error and, as cron on a Pi has no mailer,
# to the system's log; after the third in a row SLIMMEMETER_ON_TROUBLE is told.
here=$(dirname "$(readlink -f "$0")")
python=$here/../.venv/bin/python

log() {
    [ -n "$1" ] || return
    printf '%s\n' "$1" >&2
    logger -t p1-pull -- "$1" 2>/dev/null
}

fail() { # CODE SENTENCE
    log "$2"
    exit "$1"
}

[ -x "$python" ] || fail 2 "pull.sh: there is no $python: scripts/install.sh makes it"
for packages in "$here"/../.venv/lib/python3*/site-packages; do :; done

# A pull that hangs is ended before cron's next one; one that comes meanwhile waits a little.
exec 9<"$here/pull.sh"
flock -w 30 9 || fail 3 "pull.sh: the pull before this one is still running"

# Each of these saves a tenth or more: no site (-S, so the path is told), no runpy (-m), no garbage
# collector, no tidying-up at the end.
path='import gc, sys; gc.disable(); sys.path += sys.argv.pop(1), sys.argv.pop(1)'
pull="$path; from slimmemeter.pull import main_of_cron; main_of_cron()"
exec 3>&1
said=$(timeout --foreground -k 5 250 "$python" -I -S -c "$pull" "$packages" "$here/.." "$@" \
    2>&1 >&3 9<&-)
code=$?
log "$said"
case $code in
0 | 130) exit "$code" ;;
2 | 3 | 4 | 5) ;; # it left word itself
*)
    if [ "$code" -ge 124 ]; then
        said="p1-pull was killed after it hung or by signal (status $code)"
        log "$said"
    fi
    ;;
esac
after="$path; from slimmemeter.pull import after_failure; after_failure()"
log "$("$python" -I -S -c "$after" "$packages" "$here/.." "$code" "$said" "$@" 2>&1 >&3 9<&-)"
exit "$code"
