{{/* What the templates share. */}}

{{/* Labels of an object: include "pricefleet.labels" (dict "root" . "component" "worker"). */}}
{{- define "pricefleet.labels" -}}
{{ include "pricefleet.selector" . }}
app.kubernetes.io/part-of: pricefleet
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Values.namespace.create | ternary "kubectl" .root.Release.Service }}
{{- end }}

{{/* Labels that select a component's pods; they never change. */}}
{{- define "pricefleet.selector" -}}
app.kubernetes.io/name: {{ .component }}
app.kubernetes.io/instance: pricefleet
{{- end }}

{{/* The components that there are, by name, split by blanks. */}}
{{- define "pricefleet.components" -}}
{{- $optional := dict
  "backup" .Values.backup.enabled
  "postgres" .Values.postgres.enabled
  "quotes-worker" .Values.quotesWorker.enabled
  "rabbitmq" .Values.rabbitmq.enabled
  "streamer" .Values.streamer.enabled -}}
{{- $components := list "api" "collector" "dispatcher" "keep-secrets" "migrate" "worker" -}}
{{- range $component, $isThere := $optional }}
{{- if $isThere }}{{ $components = append $components $component }}{{ end }}
{{- end }}
{{- $components | sortAlpha | join " " }}
{{- end }}

{{- define "pricefleet.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "pricefleet.serviceImage" -}}
{{ .Values.image.registry }}{{ .Values.image.service }}:{{ include "pricefleet.tag" . }}
{{- end }}

{{- define "pricefleet.browserImage" -}}
{{ .Values.image.registry }}{{ .Values.image.browser }}:{{ include "pricefleet.tag" . }}
{{- end }}

{{/* What restricted Pod Security wants of a pod; the argument is the user id. */}}
{{- define "pricefleet.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "pricefleet.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "pricefleet.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "pricefleet.sharedEnv" -}}
- name: LOG_LEVEL
  value: {{ .Values.log.level }}
{{- with .Values.sentry.dsnSecret }}
{{ include "pricefleet.variable" (dict "name" "SENTRY_DSN" "from" (dict "secret" . "key" "dsn")) }}
{{- end }}
{{- end }}

{{/* How TradingView is reached, where the values say it: include "pricefleet.tradingviewEnv" (dict "root" . "names" (list "socketUrl")). */}}
{{- define "pricefleet.tradingviewEnv" -}}
{{- $variables := list -}}
{{- $tradingview := .root.Values.tradingview -}}
{{- range $value, $name := dict "socketUrl" "TRADINGVIEW_WS_URL" "siteUrl" "TRADINGVIEW_BASE_URL" -}}
{{- if and (has $value $.names) (get $tradingview $value) -}}
{{- $variables = append $variables (include "pricefleet.variable" (dict "name" $name "from" (get $tradingview $value))) -}}
{{- end -}}
{{- end -}}
{{- if and (has "credentialsSecret" .names) $tradingview.credentialsSecret -}}
{{- range $key, $name := dict "username" "TRADINGVIEW_USERNAME" "password" "TRADINGVIEW_PASSWORD" -}}
{{- $variables = append $variables (include "pricefleet.variable" (dict "name" $name "from" (dict "secret" $tradingview.credentialsSecret "key" $key))) -}}
{{- end -}}
{{- end -}}
{{- $variables | join "\n" -}}
{{- end }}

{{- define "pricefleet.settings" -}}
envFrom:
  - configMapRef:
      name: {{ .Values.settingsConfigMap }}
      optional: true
{{- end }}

{{/* Of those that fetch pages: also what the headers for a JSON API mention. */}}
{{- define "pricefleet.settingsAndHeaders" -}}
{{ include "pricefleet.settings" . }}
{{- with .Values.jsonApi.headersSecret }}
  - secretRef:
      name: {{ . }}
{{- end }}
{{- end }}

{{/* For those that read sources: what a price is valued in, and the settings of a JSON API. */}}
{{- define "pricefleet.sourcesEnv" -}}
{{- with .Values.baseCurrency }}
- name: BASE_CURRENCY
  value: {{ . | quote }}
{{- end }}
{{- if .Values.jsonApi.settings }}
- name: JSON_API_CONFIG
  value: /etc/pricefleet/json-api/settings.json
{{- end }}
{{- end }}

{{- define "pricefleet.jsonApiVolume" -}}
{{- if .Values.jsonApi.settings -}}
- name: json-api
  configMap:
    name: json-api
{{- end }}
{{- end }}

{{- define "pricefleet.jsonApiMount" -}}
{{- if .Values.jsonApi.settings -}}
- name: json-api
  mountPath: /etc/pricefleet/json-api
  readOnly: true
{{- end }}
{{- end }}

{{/* Settings are read when a pod starts, so other ones start other pods. */}}
{{- define "pricefleet.jsonApiAnnotation" -}}
{{- with .Values.jsonApi.settings -}}
annotations:
  pricefleet/json-api-settings: {{ toJson . | sha256sum | trunc 16 | quote }}
{{- end }}
{{- end }}

{{/* Ready when the heartbeat is first there, hung when it is older than a minute. */}}
{{- define "pricefleet.heartbeatProbes" -}}
startupProbe:
  exec:
    command: [test, -f, /tmp/heartbeat]
  periodSeconds: 3
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  exec:
    command: [sh, -c, 'test -n "$(find /tmp/heartbeat -mmin -1)"']
  periodSeconds: 30
  timeoutSeconds: 10
  failureThreshold: 3
{{- end }}

{{/* The folders that collectors and workers share. */}}
{{- define "pricefleet.pageEnv" -}}
- name: SNAPSHOT_DIR
  value: /data/snapshots
- name: DEBUG_DIR
  value: /data/debug
- name: PROFILE_DIR
  value: /data/profiles
{{- end }}

{{- define "pricefleet.browserMounts" -}}
- name: tmp
  mountPath: /tmp
- name: shared-memory
  mountPath: /dev/shm
- name: snapshots
  mountPath: /data/snapshots
- name: debug
  mountPath: /data/debug
- name: profiles
  mountPath: /data/profiles
{{- with include "pricefleet.caMount" . }}
{{ . }}
{{- end }}
{{- with include "pricefleet.jsonApiMount" . }}
{{ . }}
{{- end }}
{{- end }}

{{- define "pricefleet.browserVolumes" -}}
- name: tmp
  emptyDir: {}
- name: shared-memory
  emptyDir:
    medium: Memory
    sizeLimit: 256Mi
- name: snapshots
  persistentVolumeClaim:
    claimName: snapshots
- name: debug
  persistentVolumeClaim:
    claimName: debug
- name: profiles
  persistentVolumeClaim:
    claimName: profiles
{{- with include "pricefleet.caVolume" . }}
{{ . }}
{{- end }}
{{- with include "pricefleet.jsonApiVolume" . }}
{{ . }}
{{- end }}
{{- end }}

{{/* Where folders of the node are used: says what to do when one of them cannot be written. */}}
{{- define "pricefleet.folderCheck" -}}
{{- with .Values.storage.hostFolder }}
initContainers:
  - name: folders
    image: {{ include "pricefleet.browserImage" $ }}
    imagePullPolicy: {{ $.Values.image.pullPolicy }}
    command: [sh, -c]
    args:
      - |
        for pair in snapshots:snapshots debug:debug profiles:profile-ebay; do
          test -w "/data/${pair%:*}" && continue
          echo "{{ . }}/${pair#*:} cannot be written by uid 1000; on the node: sudo install -d -o 1000 -g 1000 {{ . }}/snapshots {{ . }}/debug {{ . }}/profile-ebay" | tee /dev/termination-log >&2
          exit 1
        done
    resources:
      {{- toYaml $.Values.jobs.resources | nindent 6 }}
    securityContext:
      {{- include "pricefleet.containerSecurity" . | nindent 6 }}
    volumeMounts:
      {{- include "pricefleet.browserMounts" $ | nindent 6 }}
{{- end }}
{{- end }}
