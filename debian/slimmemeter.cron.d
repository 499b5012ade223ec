# slimmemeter: a reading every five minutes; every night a verified backup, and what a battery would have done if
# there is a contract; the market's prices of tomorrow if SLIMMEMETER_PRICES says where, once an hour until they are
# there, at a minute of this computer's own from 13:15 to 14:44, so that not every house asks at once.
*/5 * * * * slimmemeter test ! -x /usr/share/slimmemeter/scripts/pull.sh || /usr/share/slimmemeter/scripts/pull.sh
30 3 * * * slimmemeter test ! -x /usr/bin/slimmemeter || slimmemeter backup 2>&1 | logger -t slimmemeter-backup
10 4 * * * slimmemeter test ! -x /usr/bin/slimmemeter || slimmemeter battery --if-due 2>&1 | logger -t slimmemeter-battery
15 13-23 * * * slimmemeter test ! -x /usr/bin/slimmemeter || ! grep -qs '^SLIMMEMETER_PRICES=.' /etc/default/slimmemeter || { sleep $(($(cksum </etc/machine-id | cut -d' ' -f1) \% 5400)) && slimmemeter prices --if-due 2>&1 | logger -t slimmemeter-prices; }
