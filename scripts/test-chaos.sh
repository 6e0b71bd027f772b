#!/bin/sh
# Breaks one thing after another in the middle of runs of CHAOS_TARGETS targets (2000). FAULT=worker-killed does one alone.
set -eu
cd "$(dirname "$0")/.."
node scripts/install-for-chaos.ts
exec node node_modules/.bin/vitest run --config=test/chaos/vitest.config.ts
