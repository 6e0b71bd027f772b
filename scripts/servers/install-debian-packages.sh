#!/bin/sh
# Installs Debian packages without letting Debian start the services in them: Pricefleet runs servers of its own.
# Usage (as root): install-debian-packages.sh PACKAGE…
set -eu

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  # invoke-rc.d and deb-systemd-invoke ask this file; 101 means "do not".
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || echo "apt-get update failed; going on with the package lists that are there" >&2
apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"

# On a machine with systemd, the packages' own servers stay off after the next boot as well.
if [ -d /run/systemd/system ]; then
  for service in postgresql rabbitmq-server; do
    case " $* " in *" $service "*) systemctl disable -q "$service" || true ;; esac
  done
fi
