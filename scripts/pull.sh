#!/bin/sh
# Cron's pull: runs the `p1-pull` of the clone that this script is in, or else the installed one, with
# this script's arguments. Silent when all is well; a failure goes to stderr and, as cron on a Pi has
# no mailer, to the system's log.
here=$(dirname "$(readlink -f "$0")")
python=$here/../.venv/bin/python
installed=/usr/lib/python3/dist-packages/slimmemeter

log() { # SENTENCE [PROGRAM]
    [ -n "$1" ] || return
    printf '%s\n' "$1" >&2
    logger -t "${2:-p1-pull}" -- "$1" 2>/dev/null
}

fail() { # CODE SENTENCE
    log "$2"
    exit "$1"
}

[ -x "$python" ] || { [ -e "$installed" ] && python=/usr/bin/python3; } ||
    fail 2 "pull.sh: there is no $python and no $installed: scripts/install.sh installs it"

pull='from slimmemeter.pull import main; main()' # as p1-pull is, wherever this folder was moved
publish='from slimmemeter.cli import main; main()'
exec 3>&1
# It is ended before cron's next one if it hangs.
output=$(timeout --foreground -k 5 285 "$python" -I -c "$pull" "$@" 2>&1 >&3)
code=$?
log "$output"
if [ "$code" -ge 124 ] && [ "$code" -ne 130 ]; then # it could not record its own end
    log "p1-pull was killed after it hung or by signal (status $code)"
    log "$("$python" -I -c "$pull" "$@" --killed "$code" 2>&1 >&3)"
fi
# Publishing has a time of its own; its failure, which it records itself, is none of the pull's.
if [ -n "${SLIMMEMETER_PUBLISH-}" ] ||
    grep -qs '^[^#]*SLIMMEMETER_PUBLISH[[:blank:]]*=.' /etc/default/slimmemeter; then
    log "$(timeout --foreground -k 5 100 "$python" -I -c "$publish" publish --if-due 2>&1)" \
        slimmemeter-publish
fi
exit "$code"
