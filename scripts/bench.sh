#!/bin/sh
# Measurements live in bench/, which has a package.json of its own.
set -eu
cd "$(dirname "$0")/.."
if [ ! -f bench/package.json ]; then
  echo "there are no benchmarks yet" >&2
  exit 1
fi
cd bench
exec npm run -s bench
