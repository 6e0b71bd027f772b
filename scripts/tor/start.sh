#!/bin/bash
# Tor as the fleet's way out: SOCKS at 9050 for the other containers, the control port at 9051. With
# TOR_CONTROL_PASSWORD others may use the control port (for new circuits); without it only this container itself may.
set -eu
# Of its own, because Tor refuses a folder that others may write, which volumes of Kubernetes are.
state=/data/tor/state
mkdir -p -m 0700 "$state"

neighbours='accept 127.0.0.0/8, accept 10.0.0.0/8, accept 100.64.0.0/10, accept 172.16.0.0/12, accept 192.168.0.0/16'
options=(
  --defaults-torrc /dev/null -f /dev/null --ignore-missing-torrc
  --DataDirectory "$state" --ClientOnly 1 --Log 'notice stdout'
  --SocksPort 0.0.0.0:9050 --SocksPolicy "$neighbours, reject *"
  --CookieAuthentication 1
)
if [ -n "${TOR_CONTROL_PASSWORD:-}" ]; then
  hash=$(tor --quiet --hash-password "$TOR_CONTROL_PASSWORD" | tail -n 1)
  unset TOR_CONTROL_PASSWORD
  options+=(--ControlPort 0.0.0.0:9051 --HashedControlPassword "$hash")
else
  options+=(--ControlPort 127.0.0.1:9051)
fi
exec tor "${options[@]}"
