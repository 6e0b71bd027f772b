#!/bin/sh
# Measurements live in bench/, which has a package.json of its own.
set -eu
cd "$(dirname "$0")/.."
cd bench
exec npm run -s bench
