{{/*
A worker's pod: include "pricefleet.workerPod" (dict "root" . "component" "worker" "mode" "serve" "settings" .Values.worker).
The mode is WORKER_MODE; the settings say which queues, and what the pod may use.
*/}}
{{- define "pricefleet.workerPod" -}}
metadata:
  labels:
    {{- include "pricefleet.labels" (dict "root" .root "component" .component) | nindent 4 }}
  {{- with include "pricefleet.jsonApiAnnotation" .root }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  serviceAccountName: {{ .component }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .root.Values.worker.terminationGracePeriodSeconds }}
  {{- if eq .mode "drain" }}
  restartPolicy: OnFailure
  {{- end }}
  {{- include "pricefleet.pullSecrets" .root | nindent 2 }}
  securityContext:
    {{- include "pricefleet.podSecurity" 1000 | nindent 4 }}
  {{- include "pricefleet.folderCheck" .root | nindent 2 }}
  containers:
    - name: worker
      image: {{ include "pricefleet.browserImage" .root }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [node, services/worker/main.ts]
      env:
        {{- include "pricefleet.databaseEnv" (dict "root" .root "role" "worker") | nindent 8 }}
        {{- include "pricefleet.amqpEnv" .root | nindent 8 }}
        {{- include "pricefleet.sharedEnv" .root | nindent 8 }}
        {{- include "pricefleet.pageEnv" . | nindent 8 }}
        {{- with include "pricefleet.sourcesEnv" .root | trim }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with .env }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with include "pricefleet.torEnv" .root }}
        {{- . | nindent 8 }}
        {{- end }}
        - name: WORKER_QUEUES
          value: {{ .settings.queues | quote }}
        - name: WORKER_MODE
          value: {{ .mode }}
        {{- with .root.Values.worker.fetchMode }}
        - name: FETCH_MODE
          value: {{ . }}
        {{- end }}
        - name: HEARTBEAT_FILE
          value: /tmp/heartbeat
      {{- include "pricefleet.settingsAndHeaders" .root | nindent 6 }}
      {{- include "pricefleet.heartbeatProbes" . | nindent 6 }}
      resources:
        {{- toYaml .settings.resources | nindent 8 }}
      securityContext:
        {{- include "pricefleet.containerSecurity" . | nindent 8 }}
      volumeMounts:
        {{- include "pricefleet.browserMounts" .root | nindent 8 }}
  volumes:
    {{- include "pricefleet.browserVolumes" .root | nindent 4 }}
{{- end }}
