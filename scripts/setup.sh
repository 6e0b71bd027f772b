#!/bin/sh
# Makes the repository ready to run: its npm packages, Node 24 among them (so that the machine's own Node may be older).
set -eu
cd "$(dirname "$0")/.."

if ! command -v npm > /dev/null; then
  echo "npm was not found; install Node 20 or newer (it brings npm) and try again" >&2
  exit 1
fi

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "Installing npm packages …" >&2
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  # Not "npm ci": it refuses a lock file that lacks packages of other platforms, which npm leaves out when the registry
  # it was written with did not have them. This installs what is locked just the same, and --no-save keeps the lock.
  # Warnings are left out, because packages that want a newer Node than the machine's get the Node 24 installed here.
  if ! timeout 900 npm install --no-save --no-audit --no-fund --loglevel=error > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
  fi
  touch node_modules/.package-lock.json
fi

# npm 10, which Node 20 and 22 bring, takes this link away again together with the package for the other processor
# (https://github.com/npm/cli/issues/4362).
if [ ! -e node_modules/.bin/node ]; then
  for node in node_modules/node-linux-*/bin/node; do
    [ ! -x "$node" ] || ln -sf "../${node#node_modules/}" node_modules/.bin/node
  done
fi

PATH="$PWD/node_modules/.bin:$PATH"
case "$(node --version 2> /dev/null)" in
  v2[4-9].* | v[3-9]?.*) ;;
  *)
    echo "Node 24 is not in node_modules: there is no package of it for $(uname -sm), or optional packages are left out" >&2
    echo "('npm config get omit'). Install Node 24 or newer on this machine, or remove node_modules and try again." >&2
    exit 1
    ;;
esac
