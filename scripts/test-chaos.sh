#!/bin/sh
# The tests of test/chaos in their longer form.
set -eu
cd "$(dirname "$0")/.."
CHAOS=long exec node_modules/.bin/node scripts/test.ts test/chaos
