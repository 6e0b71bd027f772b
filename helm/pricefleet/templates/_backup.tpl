{{/* The pods of backup and restore: include "pricefleet.backupPod" (dict "root" . "name" "backup" "script" "…"). */}}
{{- define "pricefleet.backupPod" }}
metadata:
  labels:
    {{- include "pricefleet.labels" (dict "root" .root "component" "backup") | nindent 4 }}
spec:
  serviceAccountName: backup
  automountServiceAccountToken: false
  enableServiceLinks: false
  restartPolicy: Never
  {{- include "pricefleet.pullSecrets" .root | nindent 2 }}
  securityContext:
    {{- include "pricefleet.podSecurity" 999 | nindent 4 }}
  containers:
    - name: {{ .name }}
      image: {{ .root.Values.backup.image | default .root.Values.postgres.image }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      command: [sh, -euc]
      args:
        - |
          {{- .script | nindent 10 }}
      env:
        {{- include "pricefleet.libpqEnv" .root | nindent 8 }}
      resources:
        {{- toYaml .root.Values.backup.resources | nindent 8 }}
      securityContext:
        {{- include "pricefleet.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        - name: backups
          mountPath: /backups
        {{- include "pricefleet.caMount" .root | nindent 8 }}
  volumes:
    - name: tmp
      emptyDir: {}
    - name: backups
      persistentVolumeClaim:
        claimName: {{ .root.Values.backup.existingClaim | default "backups" }}
    {{- include "pricefleet.caVolume" .root | nindent 4 }}
{{- end }}
{{- define "pricefleet.backupScript" -}}
rm -f /backups/*.part
file=/backups/pricefleet-$(date -u +%Y%m%dT%H%M%SZ).dump
# Under another name until it is whole and on the disk.
pg_dump --dbname="${DATABASE_ADDRESS:-$PGDATABASE}" --schema=price_tracker --format=custom --file="$file.part"
pg_restore --list "$file.part" > /dev/null
sync "$file.part"
mv "$file.part" "$file"
echo "$file has $(stat --format=%s "$file") bytes"
ls /backups/pricefleet-*.dump | sort --reverse | tail --lines=+{{ add .Values.backup.keep 1 }} | xargs --no-run-if-empty rm --
{{- end }}
{{- define "pricefleet.restoreScript" -}}
file=${BACKUP_FILE:-$(ls /backups/pricefleet-*.dump | sort | tail --lines=1)}
test -r "$file" || { echo "there is no backup ${file:-in /backups}" >&2; exit 1; }
echo "restoring $file"
# All but the schema itself, which is made here: functions that are given to pricefleet_asks want its right to make some.
pg_restore --list "$file" | grep --invert-match ' SCHEMA - price_tracker ' > /tmp/list
# One transaction, which ends only when the dump was read to its end: until then everybody sees what was there.
{
  echo 'BEGIN; SET client_min_messages = warning; DROP SCHEMA IF EXISTS price_tracker CASCADE; CREATE SCHEMA price_tracker;'
  echo 'GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks;'
  if pg_restore --use-list=/tmp/list --file=- "$file"
  then echo 'REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks; COMMIT;'
  else echo "DO \$\$ BEGIN RAISE 'the backup could not be read to its end; nothing was changed'; END \$\$;"
  fi
} | psql --dbname="${DATABASE_ADDRESS:-$PGDATABASE}" --set=ON_ERROR_STOP=1 --quiet > /dev/null
echo restored
{{- end }}
