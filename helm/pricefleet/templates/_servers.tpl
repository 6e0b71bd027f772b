{{/* Where PostgreSQL and RabbitMQ are, and who may use them: the chart's own, or others by postgres.external and rabbitmq.external. */}}

{{/* An environment variable from a value or from a Secret: include "pricefleet.variable" (dict "name" "DATABASE_HOST" "from" .host). */}}
{{- define "pricefleet.variable" -}}
- name: {{ .name }}
  {{- if kindIs "map" .from }}
  valueFrom:
    secretKeyRef:
      name: {{ .from.secret }}
      key: {{ .from.key }}
  {{- else }}
  value: {{ .from | toString | quote }}
  {{- end }}
{{- end }}

{{/*
How a role gets into PostgreSQL: include "pricefleet.databaseEnv" (dict "root" . "role" "worker"). A role of its own
needs no escaping. What comes from others is put in by the service, which escapes it: hence ${NAME} beside $(NAME).
*/}}
{{- define "pricefleet.databaseEnv" -}}
{{- if .root.Values.postgres.enabled -}}
- name: DATABASE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: postgres-credentials
      key: {{ .role }}-password
- name: DATABASE_URL
  value: postgres://pricefleet_{{ .role }}:$(DATABASE_PASSWORD)@postgres-service:5432/pricefleet
{{- else -}}
{{- $external := .root.Values.postgres.external -}}
{{- $account := get $external .role | default dict -}}
{{- if $account.url -}}
{{ include "pricefleet.variable" (dict "name" "DATABASE_ADDRESS" "from" $account.url) }}
- name: DATABASE_URL
  value: $(DATABASE_ADDRESS){{ include "pricefleet.databaseTls" $external }}
{{- else -}}
{{- $made := dict "secret" "postgres-credentials" "key" (printf "%s-password" .role) -}}
{{- if not (or $account.password $external.admin) }}{{ fail (printf "postgres.external.%s wants a url, or a password from a Secret; or give postgres.external.admin, who makes the roles" .role) }}{{ end -}}
{{ include "pricefleet.databasePlace" $external }}
{{ include "pricefleet.variable" (dict "name" "DATABASE_USER" "from" ($account.user | default (printf "pricefleet_%s" .role))) }}
{{ include "pricefleet.variable" (dict "name" "DATABASE_PASSWORD" "from" ($account.password | default $made)) }}
- name: DATABASE_URL
  value: postgres://${DATABASE_USER}:${DATABASE_PASSWORD}@$(DATABASE_HOST):$(DATABASE_PORT)/${DATABASE_NAME}{{ include "pricefleet.databaseTls" $external }}
{{- end }}
{{- end }}
{{- end }}

{{- define "pricefleet.databasePlace" -}}
{{ include "pricefleet.variable" (dict "name" "DATABASE_HOST" "from" (required "postgres.external.host is missing: a name, or {secret, key}" .host)) }}
{{ include "pricefleet.variable" (dict "name" "DATABASE_PORT" "from" (.port | default 5432)) }}
{{ include "pricefleet.variable" (dict "name" "DATABASE_NAME" "from" (.database | default "pricefleet")) }}
{{- end }}

{{/* sslmode as libpq means it; without a word to that end Node's driver would take each for verify-full. */}}
{{- define "pricefleet.databaseTls" -}}
{{- if and (eq .sslmode "verify-ca") (not .ca) }}{{ fail "postgres.external.sslmode verify-ca wants postgres.external.ca" }}{{ end -}}
?uselibpqcompat=true&sslmode={{ .sslmode }}{{ if .ca }}&sslrootcert=/etc/pricefleet/ca/postgres.crt{{ end }}
{{- end }}

{{/* The owner's access as libpq's own tools read it: pg_dump, pg_restore and psql. */}}
{{- define "pricefleet.libpqEnv" -}}
{{- $made := dict "secret" "postgres-credentials" "key" "owner-password" -}}
{{- if .Values.postgres.enabled -}}
- { name: PGHOST, value: postgres-service }
- { name: PGDATABASE, value: pricefleet }
- { name: PGUSER, value: pricefleet_owner }
{{ include "pricefleet.variable" (dict "name" "PGPASSWORD" "from" $made) }}
{{- else -}}
{{- $external := .Values.postgres.external -}}
{{- $owner := $external.owner | default dict -}}
- { name: PGSSLMODE, value: {{ $external.sslmode }} }
{{- if $external.ca }}
- { name: PGSSLROOTCERT, value: /etc/pricefleet/ca/postgres.crt }
{{- end }}
{{- if $owner.url }}
{{ include "pricefleet.variable" (dict "name" "DATABASE_ADDRESS" "from" $owner.url) }}
{{- else }}
{{ include "pricefleet.variable" (dict "name" "PGHOST" "from" $external.host) }}
{{ include "pricefleet.variable" (dict "name" "PGPORT" "from" ($external.port | default 5432)) }}
{{ include "pricefleet.variable" (dict "name" "PGDATABASE" "from" ($external.database | default "pricefleet")) }}
{{ include "pricefleet.variable" (dict "name" "PGUSER" "from" ($owner.user | default "pricefleet_owner")) }}
{{ include "pricefleet.variable" (dict "name" "PGPASSWORD" "from" ($owner.password | default $made)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "pricefleet.amqpEnv" -}}
{{- if .Values.rabbitmq.enabled -}}
- name: AMQP_PASSWORD
  valueFrom:
    secretKeyRef:
      name: rabbitmq-credentials
      key: password
- name: AMQP_URL
  value: amqp://pricefleet:$(AMQP_PASSWORD)@rabbitmq-service:5672
{{- else -}}
{{- $external := .Values.rabbitmq.external -}}
{{- $query := ternary "?cacertfile=/etc/pricefleet/ca/rabbitmq.crt" "" (not (empty $external.ca)) -}}
{{- if $external.url -}}
{{ include "pricefleet.variable" (dict "name" "AMQP_ADDRESS" "from" $external.url) }}
- name: AMQP_URL
  value: $(AMQP_ADDRESS){{ $query }}
{{- else -}}
{{ include "pricefleet.variable" (dict "name" "AMQP_HOST" "from" (required "rabbitmq.external wants a url, or host, user and password: rabbitmq.external.host is missing" $external.host)) }}
{{ include "pricefleet.variable" (dict "name" "AMQP_PORT" "from" ($external.port | default (ternary 5671 5672 $external.tls))) }}
{{ include "pricefleet.variable" (dict "name" "AMQP_VHOST" "from" ($external.vhost | default "/")) }}
{{ include "pricefleet.variable" (dict "name" "AMQP_USER" "from" (required "rabbitmq.external.user is missing: a name, or {secret, key}" $external.user)) }}
{{ include "pricefleet.variable" (dict "name" "AMQP_PASSWORD" "from" (required "rabbitmq.external.password is missing: {secret, key}" $external.password)) }}
- name: AMQP_URL
  value: {{ ternary "amqps" "amqp" $external.tls }}://${AMQP_USER}:${AMQP_PASSWORD}@$(AMQP_HOST):$(AMQP_PORT)/${AMQP_VHOST}{{ $query }}
{{- end }}
{{- end }}
{{- end }}

{{/* What signed the certificates of servers that are not the chart's, for a pod's volumes; empty where nothing is given. */}}
{{- define "pricefleet.caVolume" -}}
{{- $postgres := ternary dict (.Values.postgres.external.ca | default dict) .Values.postgres.enabled -}}
{{- $rabbitmq := ternary dict (.Values.rabbitmq.external.ca | default dict) .Values.rabbitmq.enabled -}}
{{- if or $postgres $rabbitmq -}}
- name: ca
  projected:
    sources:
      {{- range $file, $ca := dict "postgres.crt" $postgres "rabbitmq.crt" $rabbitmq }}
      {{- with $ca }}
      - secret:
          name: {{ .secret }}
          items:
            - key: {{ .key }}
              path: {{ $file }}
      {{- end }}
      {{- end }}
{{- end }}
{{- end }}

{{- define "pricefleet.caMount" -}}
{{- if include "pricefleet.caVolume" . -}}
- name: ca
  mountPath: /etc/pricefleet/ca
  readOnly: true
{{- end }}
{{- end }}
