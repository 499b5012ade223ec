#!/bin/sh
# Cron's pull: `p1-pull` from the environment beside this script, with this script's arguments.
# Silent when all is well; a failure goes to standard error and, as cron on a Pi has no mailer,
# to the system's log.
here=$(dirname "$(readlink -f "$0")")
python=$here/../.venv/bin/python

fail() { # CODE SENTENCE
    printf '%s\n' "$2" >&2
    logger -t p1-pull -- "$2" 2>/dev/null
    exit "$1"
}

[ -x "$python" ] || fail 2 "pull.sh: there is no $python: the README says how to install it"

# A pull that hangs is ended before cron's next one; one that comes meanwhile waits a little.
exec 9<"$here/pull.sh"
flock -w 30 9 || fail 3 "pull.sh: the pull before this one is still running"

exec 3>&1
# Each of these saves a tenth: no runpy (-m), no garbage collector, no tidying-up at the end.
start='import gc; gc.disable(); from slimmemeter.pull import main_of_cron; main_of_cron()'
said=$(timeout --foreground -k 5 250 "$python" -I -c "$start" "$@" 2>&1 >&3 9<&-)
code=$?
case $code in
0)
    if [ -n "$said" ]; then
        printf '%s\n' "$said" >&2
        logger -t p1-pull -- "$said" 2>/dev/null
    fi
    exit 0
    ;;
2 | 3 | 4 | 5 | 130) ;; # it left word itself
*)
    [ "$code" -lt 124 ] || said="p1-pull was killed after it hung or by signal (status $code)"
    "$python" -I -c 'from slimmemeter.pull import leave_word; leave_word()' \
        "$code" "$said" "$@" 2>/dev/null
    ;;
esac
fail "$code" "$said"
