#!/bin/sh
# Lint rules (.oxlintrc.json), then the arrows between packages (.dependency-cruiser.mjs). Both run, whatever the first says.
set -u
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
failed=0
oxlint --type-aware --deny-warnings || failed=1
depcruise packages services scripts test || failed=1
exit $failed
