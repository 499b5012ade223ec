#!/bin/sh
# Stands in /usr/local/bin as `p1-pull` and as `slimmemeter`: runs that program as the user who
# collects, so that cron, the service and whoever logs in mean the same file.
program=/opt/slimmemeter/current/.venv/bin/${0##*/}
case $(id -un) in
slimmemeter) exec "$program" "$@" ;;
root) exec runuser -u slimmemeter -- "$program" "$@" ;;
*) exec sudo -u slimmemeter -- "$program" "$@" ;;
esac
