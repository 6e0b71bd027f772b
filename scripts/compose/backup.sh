#!/bin/bash
# Dumps of the database for compose.production.yaml. Usage: backup.sh daily | now | restore FILE
set -euo pipefail
folder=/data/backups
KEPT=14
export PGUSER=postgres PGPASSWORD
PGPASSWORD=$(< /secrets/postgres-password)

dump() {
  local name
  name=pricefleet-$(date -u +%Y%m%dT%H%M%SZ).dump
  # Renamed when it is whole, so that a dump that was cut off is never counted or restored.
  pg_dump --schema=price_tracker --format=custom --dbname=pricefleet --file="$folder/.unfinished"
  mv "$folder/.unfinished" "$folder/$name"
  echo "wrote $name, $(stat -c %s "$folder/$name") bytes"
  find "$folder" -name 'pricefleet-*.dump' | sort | head -n -$KEPT | xargs -r rm
}

case ${1:-} in
  now) dump ;;
  daily)
    # Ends at once when it is told to, and not after its sleep.
    trap 'exit 0' TERM INT
    while true; do
      if [ -z "$(find "$folder" -name 'pricefleet-*.dump' -mmin -1435)" ]; then
        dump || echo "the dump failed and is tried again in ten minutes" >&2
      fi
      sleep 600 & wait $!
    done
    ;;
  restore)
    [ -f "$folder/${2:-}" ] || { echo "which one? restore FILE, one of:" >&2; ls "$folder" >&2; exit 2; }
    # One transaction, which ends only when the dump was read to its end: until then everybody sees what was there.
    # Not pg_restore --clean, which trips over partitions.
    {
      echo 'SET client_min_messages = warning; BEGIN; DROP SCHEMA IF EXISTS price_tracker CASCADE;'
      pg_restore --file=- "$folder/$2" && echo 'COMMIT;'
    } | psql --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --dbname=pricefleet
    echo "restored $2"
    ;;
  *) echo "usage: backup.sh daily | now | restore FILE" >&2; exit 2 ;;
esac
