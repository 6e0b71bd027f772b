{{/* A worker's pod: include "pricefleet.workerPod" (dict "root" . "mode" "serve"). The mode is WORKER_MODE. */}}
{{- define "pricefleet.workerPod" -}}
metadata:
  labels:
    {{- include "pricefleet.labels" (dict "root" .root "component" "worker") | nindent 4 }}
spec:
  serviceAccountName: worker
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
        {{- include "pricefleet.databaseEnv" "worker" | nindent 8 }}
        {{- include "pricefleet.amqpEnv" . | nindent 8 }}
        {{- include "pricefleet.sharedEnv" .root | nindent 8 }}
        {{- include "pricefleet.pageEnv" . | nindent 8 }}
        - name: WORKER_QUEUES
          value: {{ .root.Values.worker.queues | quote }}
        - name: WORKER_MODE
          value: {{ .mode }}
        - name: FETCH_MODE
          value: {{ .root.Values.worker.fetchMode }}
        - name: HEARTBEAT_FILE
          value: /tmp/heartbeat
      {{- include "pricefleet.settings" .root | nindent 6 }}
      {{- include "pricefleet.heartbeatProbes" . | nindent 6 }}
      resources:
        {{- toYaml .root.Values.worker.resources | nindent 8 }}
      securityContext:
        {{- include "pricefleet.containerSecurity" . | nindent 8 }}
      volumeMounts:
        {{- include "pricefleet.browserMounts" . | nindent 8 }}
  volumes:
    {{- include "pricefleet.browserVolumes" . | nindent 4 }}
{{- end }}
