#!/bin/sh
# The first service of compose.yaml: makes the passwords that are missing, at random, and writes what each service needs
# into a file of its own, for its group alone. No password is ever replaced. "show" prints what people need.
# It runs as root, because files are given away here, and so without network and with no right but that one.
# Usage: keep-secrets.sh [show] (SECRETS_FOLDER and DATA_FOLDER name other folders than the volumes)
set -eu
umask 077
secrets=${SECRETS_FOLDER:-/secrets}
data=${DATA_FOLDER:-/data}
cd "$secrets"

if [ "${1:-}" = show ]; then
  echo "control token of the API:        $(cat passwords/control-token)"
  echo "RabbitMQ's UI, moves messages:   operator $(cat passwords/rabbitmq-operator)"
  echo "RabbitMQ's UI, looks only:       viewer $(cat passwords/rabbitmq-viewer)"
  echo "PostgreSQL:                      postgres $(cat passwords/postgres)"
  exit
fi

# A half-written one is never taken for a password, because each comes by a rename.
mkdir -p passwords rabbitmq
for name in postgres owner worker api control-token rabbitmq rabbitmq-operator rabbitmq-viewer tor-control; do
  [ -s "passwords/$name" ] && continue
  # 24 bytes are 32 letters of base64 without padding, of which "-" and "_" are safe inside a URL.
  head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n' > passwords/.new
  mv passwords/.new "passwords/$name"
  echo "made the password $name"
done
password() { cat "passwords/$1"; }

# grant GROUP FILE: writes standard input to a file that this group may read. compose.yaml puts services into groups.
grant() {
  cat > "$2.new"
  chmod 0440 "$2.new"
  chown "0:$1" "$2.new"
  mv "$2.new" "$2"
}
chmod 0711 . rabbitmq

password postgres | grant 10001 postgres-password

grant 10002 migrate.env <<END
export ADMIN_DATABASE_URL="\${ADMIN_DATABASE_URL:-postgres://postgres:$(password postgres)@postgres:5432/postgres}"
export OWNER_PASSWORD="$(password owner)"
export WORKER_PASSWORD="$(password worker)"
export API_PASSWORD="$(password api)"
END

grant 10003 worker.env <<END
export DATABASE_URL="\${DATABASE_URL:-postgres://pricefleet_worker:$(password worker)@postgres:5432/pricefleet}"
export AMQP_URL="\${AMQP_URL:-amqp://pricefleet:$(password rabbitmq)@rabbitmq:5672}"
export TOR_CONTROL_PASSWORD="$(password tor-control)"
END

grant 10004 api.env <<END
export DATABASE_URL="\${DATABASE_URL:-postgres://pricefleet_api:$(password api)@postgres:5432/pricefleet}"
export CONTROL_TOKEN="\${CONTROL_TOKEN:-$(password control-token)}"
END

password rabbitmq | grant 10005 rabbitmq/password
password rabbitmq-operator | grant 10005 rabbitmq/operator-password
grant 10005 rabbitmq/enabled_plugins <<END
[rabbitmq_management,rabbitmq_prometheus,rabbitmq_shovel,rabbitmq_shovel_management].
END
grant 10005 rabbitmq/rabbitmq.conf <<END
load_definitions = $secrets/rabbitmq/definitions.json
vm_memory_high_watermark.relative = 0.6
disk_free_limit.absolute = 200MB
END
# The users of the chart (packages/kubernetes/wanted-secrets.ts), which a test holds these to.
grant 10005 rabbitmq/definitions.json <<END
{"vhosts":[{"name":"/"}],
 "users":[
  {"name":"pricefleet","password":"$(password rabbitmq)","tags":[]},
  {"name":"viewer","password":"$(password rabbitmq-viewer)","tags":["monitoring"]},
  {"name":"operator","password":"$(password rabbitmq-operator)","tags":["monitoring","policymaker"]}],
 "permissions":[
  {"user":"pricefleet","vhost":"/","configure":".*","write":".*","read":".*"},
  {"user":"operator","vhost":"/","configure":".*","write":".*","read":".*"}]}
END

grant 10007 streamer.env <<END
export DATABASE_URL="\${DATABASE_URL:-postgres://pricefleet_worker:$(password worker)@postgres:5432/pricefleet}"
END

grant 10006 tor.env <<END
export TOR_CONTROL_PASSWORD="$(password tor-control)"
END

chown 1000:1000 "$data/snapshots" "$data/debug" "$data/profiles"
chown 999:999 "$data/backups"
