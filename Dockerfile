# Pricefleet's images. Nothing is compiled: Node runs the TypeScript as it is.
#   service   API, dispatcher, migrations, making of Secrets
#   browser   collector and worker: the same with Chromium's headless shell
#   tor       Tor, as an optional way out for collectors and workers
#   sample    the sample marketplace, for tests and demonstrations only
# Build with docker, podman or buildah: docker build --target service -t pricefleet/service:0.1.0 .

FROM node:24-bookworm-slim AS manifests
WORKDIR /all
COPY . .
# Only what says which packages are needed, so that changed code does not install them anew.
RUN find . -type f ! -name package.json ! -name package-lock.json -delete && find . -type d -empty -delete

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY --from=manifests /all ./
# Not "npm ci", which refuses this lock file (scripts/setup.sh says why); this installs what is locked just the same.
RUN npm install --no-save --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error \
 && rm -rf node_modules/node-linux-* \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
 && rm -rf /root/.npm

FROM node:24-bookworm-slim AS base
# As process 1 it passes signals on before Node listens for them, and takes in what Chromium leaves behind.
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log
ENV NODE_ENV=production HOME=/tmp
WORKDIR /app
ENTRYPOINT ["tini", "--"]

FROM base AS service
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Pricefleet service" \
      org.opencontainers.image.description="API, dispatcher and migrations of Pricefleet" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="MIT"
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY packages packages
COPY services services
COPY scripts scripts
USER 1000:1000
CMD ["node", "services/api/main.ts"]

FROM base AS browser
ARG VERSION=0.1.0
ARG REVISION=unknown
RUN apt-get update \
 && apt-get install -y --no-install-recommends chromium-headless-shell \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log
LABEL org.opencontainers.image.title="Pricefleet browser" \
      org.opencontainers.image.description="Collector and worker of Pricefleet, with Chromium" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="MIT"
ENV CHROMIUM_PATH=/usr/bin/chromium-headless-shell
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY packages packages
COPY services services
USER 1000:1000
CMD ["node", "services/worker/main.ts"]

FROM debian:bookworm-slim AS tor
ARG VERSION=0.1.0
ARG REVISION=unknown
RUN apt-get update \
 && apt-get install -y --no-install-recommends tor \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
 && install -d -o 1000 -g 1000 /data/tor
LABEL org.opencontainers.image.title="Pricefleet tor" \
      org.opencontainers.image.description="Tor as a way out for Pricefleet's collectors and workers" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="MIT"
COPY scripts/tor /opt/tor
USER 1000:1000
VOLUME /data/tor
EXPOSE 9050 9051
HEALTHCHECK --interval=10s --timeout=10s --start-period=120s CMD ["/opt/tor/is-bootstrapped.sh"]
CMD ["/opt/tor/start.sh"]

FROM service AS sample
COPY test/sample-marketplace test/sample-marketplace
ENV HOST=0.0.0.0
CMD ["node", "test/sample-marketplace/main.ts"]
