#!/bin/sh
# Stops what `make up` left running, then removes what is not in git.
set -eu
cd "$(dirname "$0")/.."
if [ -d .local/run ] && [ -x node_modules/.bin/node ]; then
  node_modules/.bin/node scripts/down.ts
fi
rm -rf .local coverage node_modules
