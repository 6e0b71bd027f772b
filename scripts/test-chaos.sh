#!/bin/sh
# The tests of test/chaos over a longer run.
set -eu
cd "$(dirname "$0")/.."
CHAOS_LISTINGS=600 exec node_modules/.bin/node scripts/test.ts test/chaos
