# The image of the control plane. Nothing it must remember is in it: Redis, S3 and the cluster have that.
ARG BASE_IMAGE=docker.io/library/node:24-bookworm-slim
# `@sha256:…` pins the base; CI resolves and passes it.
ARG BASE_DIGEST=

FROM ${BASE_IMAGE}${BASE_DIGEST} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm install --ignore-scripts --no-audit --no-fund
COPY . .
RUN NEXT_TELEMETRY_DISABLED=1 node node_modules/next/dist/bin/next build \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf .next/cache node_modules/node-linux-* node_modules/node-darwin-*

FROM ${BASE_IMAGE}${BASE_DIGEST}
LABEL org.opencontainers.image.title="Devex control plane" \
      org.opencontainers.image.description="Pages, API, gateway and sweeper of Devex" \
      org.opencontainers.image.licenses="MIT"
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1
COPY --from=build /src/package.json /src/next.config.ts /src/tsconfig.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/.next ./.next
COPY --from=build /src/public ./public
COPY --from=build /src/templates ./templates
COPY --from=build /src/runner-image ./runner-image
COPY --from=build /src/scripts ./scripts
COPY --from=build /src/server ./server
# A new volume that is mounted here belongs to whom this folder belongs to (`k8s/vps`).
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
EXPOSE 3000 3443
ENTRYPOINT ["/usr/bin/tini", "--", "node", "--disable-warning=ExperimentalWarning"]
CMD ["server/main.ts"]
