#!/usr/bin/env bash
# Everything CI checks besides the tests, two at a time. Prints the output of what failed and its name at the end;
# the exit code is the number of failed checks.
set -uo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# The commands that the names stand for.
run_check() {
  case $1 in
    typecheck) tsc --noEmit ;;
    lint) oxlint --type-aware --deny-warnings ;;
    boundaries) depcruise packages services scripts test ;;
    format) biome format . ;;
    schema-dump) node scripts/dump-schema.ts --check ;;
  esac
}

failed=()
note_end() { # pid, name
  if wait "$1"; then
    echo "ok      $2"
  else
    failed+=("$2")
    echo "FAILED  $2"
    cat "$logs/$2"
  fi
}

for pair in "typecheck format" "lint schema-dump" "boundaries"; do
  pids=() names=()
  for name in $pair; do
    (run_check "$name" > "$logs/$name" 2>&1) &
    pids+=($!) names+=("$name")
  done
  for index in "${!pids[@]}"; do note_end "${pids[$index]}" "${names[$index]}"; done
done

if [ ${#failed[@]} -gt 0 ]; then echo "Failed checks: ${failed[*]}"; fi
exit ${#failed[@]}
