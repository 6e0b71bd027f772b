#!/bin/bash
# Health check: has Tor a way through its network? Else says in Tor's own words how far it is and what is in the way.
set -u
exec 2>&1
cookie=$(od -An -v -tx1 /data/tor/state/control_auth_cookie | tr -d ' \n') || exit 1
exec 3<> /dev/tcp/127.0.0.1/9051 || exit 1
printf 'AUTHENTICATE %s\r\nGETINFO status/bootstrap-phase\r\nQUIT\r\n' "$cookie" >&3
answer=$(timeout 5 cat <&3 | tr -d '\r')
case $answer in
  *PROGRESS=100*) echo bootstrapped ;;
  *) printf 'Tor is not bootstrapped: %s\n' "$(grep -o 'BOOTSTRAP .*' <<< "$answer" || echo "$answer")"; exit 1 ;;
esac
