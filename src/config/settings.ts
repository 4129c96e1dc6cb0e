// config: what an operator may set. This file is the one table of settings: environment.ts reads it, and prints .env.example
// and the README's table from it; config.ts holds the rules between settings. Nothing here reads process.env.

import { z } from 'zod'
import {
  databaseUrlForm,
  hostAndPort,
  hostForm,
  issuerForm,
  listOf,
  oneOf,
  originForm,
  proxyForm,
  redisUrlForm,
  secretText,
  senderForm,
  smtpUrlForm,
  vaultPath,
  webhookForm,
  wholeNumber,
} from './forms.ts'
import { parseMasterKey } from './master-key.ts'
import { choice, derived, number, setting } from './setting.ts'

export const environment = z.object({
  ISSUER: derived(issuerForm, {
    form: 'an https URL (or http on localhost, 127.0.0.1 or [::1]) in lower case, without query, fragment, user name, default port or trailing slash',
    default: 'http://localhost:PORT',
    meaning: 'The one name of this server, as browsers and clients reach it. Every URL and cookie derives from it.',
  }),
  HOST: setting(hostForm, {
    default: '127.0.0.1',
    form: 'an address or a host name',
    meaning: 'The address to listen on. 0.0.0.0 or :: for every interface.',
  }),
  PORT: number({ default: 3000, least: 1, most: 65_535, unit: 'TCP port', meaning: 'The port to listen on.' }),
  ADMIN_PORT: derived(wholeNumber(1, 65_535), {
    form: 'a whole number from 1 to 65535',
    unit: 'TCP port',
    default: 'none: the public listener serves administrators too',
    meaning: 'The port of the console and the admin API, apart from the public: the public listener then has neither.',
  }),
  ADMIN_HOST: setting(hostForm, {
    default: '127.0.0.1',
    form: 'an address or a host name',
    meaning: 'With ADMIN_PORT: the address to listen on for administrators.',
  }),
  ADMIN_URL: derived(originForm, {
    form: 'an https URL of a host, with its port (http on localhost, 127.0.0.1 or [::1] alone)',
    default: 'the scheme and host name of the issuer, with ADMIN_PORT',
    meaning: 'With ADMIN_PORT: where browsers reach that listener. Scheme and host name are those of the issuer.',
  }),
  METRICS_PORT: derived(wholeNumber(1, 65_535), {
    form: 'a whole number from 1 to 65535',
    unit: 'TCP port',
    default: 'none: no metrics are served',
    meaning: 'The port that /metrics is read at, in the format of Prometheus, over http. Nothing else is served there.',
  }),
  METRICS_HOST: setting(hostForm, {
    default: '127.0.0.1',
    form: 'an address or a host name',
    meaning: 'With METRICS_PORT: the address to listen on for whoever reads the metrics.',
  }),
  TRUST_PROXY: setting(proxyForm, {
    form: 'a number of proxies from 0 to 10, or a comma list of addresses and blocks such as 10.0.0.0/8',
    default: '0',
    meaning: 'The proxies in front of this server whose X-Forwarded-For is believed. 0: none, the header is ignored.',
  }),
  TLS_CERT_FILE: derived((path) => path, {
    form: 'a file',
    default: 'none: a proxy ends TLS',
    meaning:
      'The certificate chain in PEM, where no proxy ends TLS. Looked at again every ten seconds; a new one is served without a restart.',
  }),
  TLS_KEY_FILE: derived((path) => path, {
    form: 'a file',
    default: 'none',
    meaning: 'The private key of that certificate, in PEM.',
  }),
  TLS_MIN_VERSION: choice(['1.3', '1.2'], {
    default: '1.3',
    meaning: 'The oldest TLS that is spoken with that certificate. 1.2: with forward secrecy and AEAD suites alone.',
  }),
  DATABASE_URL: derived(databaseUrlForm, {
    form: 'a postgres:// URL that names a host and a database',
    default: 'the embedded database in DATA_DIR',
    meaning: 'The PostgreSQL server. Off this machine it needs sslmode=verify-full. Needs MASTER_KEY.',
    isSecret: true,
  }),
  DATABASE_POOL_SIZE: number({
    default: 10,
    least: 2,
    most: 1000,
    unit: 'connections',
    meaning: 'The most connections that this node opens to the database.',
  }),
  DANGEROUSLY_PLAINTEXT_DATABASE: choice(['false', 'true'], {
    default: 'false',
    meaning:
      'Allows a database, or Redis, on another machine without TLS. Only for a network that you trust as much as this machine.',
  }),
  DATA_DIR: setting((path) => path, {
    default: './data',
    form: 'a folder',
    meaning: 'The folder of the embedded database and, unless MASTER_KEY is set, of the key that seals it.',
  }),
  MASTER_KEY: derived(parseMasterKey, {
    form: '32 random bytes in base64url, base64 or hex (openssl rand -base64 32), or a passphrase of at least 20 characters',
    default: 'made in DATA_DIR; none when DATABASE_URL is set',
    meaning: 'Seals what is secret in the database. Keep it apart from backups; without it they cannot be read.',
    isSecret: true,
  }),
  MASTER_KEY_PREVIOUS: derived(parseMasterKey, {
    form: 'as MASTER_KEY',
    default: 'none',
    meaning:
      'While the master key is changed: a second key that still opens, and seals nothing. With several nodes, first give them the new key here, then swap the two, then run: postern rekey.',
    isSecret: true,
  }),
  VAULT_ADDR: derived(originForm, {
    form: 'an https URL of a host, with its port (http on localhost, 127.0.0.1 or [::1] alone)',
    default: 'none',
    meaning:
      'The HashiCorp Vault or OpenBao that VAULT_KV_PATH and VAULT_DATABASE_ROLE are asked of. The login may read both, and update sys/leases/renew and sys/leases/revoke.',
  }),
  VAULT_NAMESPACE: derived((name) => name, {
    form: 'a namespace',
    default: 'none',
    meaning: 'The namespace of everything that is asked of the vault, where it has namespaces.',
  }),
  VAULT_ROLE_ID: derived(secretText, {
    form: 'a text',
    default: 'none',
    meaning: 'With VAULT_SECRET_ID: log in to the vault by AppRole.',
    isSecret: true,
  }),
  VAULT_SECRET_ID: derived(secretText, {
    form: 'a text',
    default: 'none',
    meaning: 'The other half of the AppRole login. It has to be good for more than one use.',
    isSecret: true,
  }),
  VAULT_TOKEN: derived(secretText, {
    form: 'a text',
    default: 'none',
    meaning:
      'Instead of an AppRole: a token of the vault, which is renewed. Its file is read again when it cannot be, so an agent may replace it.',
    isSecret: true,
  }),
  VAULT_KV_PATH: derived(vaultPath, {
    form: 'a path of the KV engine, version 2, as its API has it: secret/data/postern',
    default: 'none',
    meaning: 'The secret whose keys are settings, such as MASTER_KEY and DATABASE_URL. It is read once, at start.',
  }),
  VAULT_DATABASE_ROLE: derived(vaultPath, {
    form: 'a role of the database engine: NAME, or MOUNT/NAME where it is not mounted at database',
    default: 'none',
    meaning:
      'The role that gives user names and passwords for DATABASE_URL, which names none. They are renewed, and replaced without a restart. Let what it creates work as one owner: IN ROLE owner, and ALTER ROLE … SET role TO owner.',
  }),
  LOG_LEVEL: choice(['info', 'fatal', 'error', 'warn', 'debug', 'trace', 'silent'], {
    default: 'info',
    meaning: 'How much is logged. No level logs a secret.',
  }),
  OUTBOUND_ALLOW: derived(listOf(hostAndPort), {
    form: 'a comma list of host:port',
    default: 'none',
    meaning:
      'What this server may call although it is a private address or speaks plain http. Anything else must be public https.',
  }),
  SMTP_URL: derived(smtpUrlForm, {
    form: 'an smtp:// or smtps:// URL of a mail server, with its user name and password (as in smtp://USER:PASSWORD@HOST:587)',
    default: 'none: with a loopback issuer mails are shown at /outbox, and elsewhere there are none',
    meaning: 'The server that sends our mails. Off this machine smtp:// must offer STARTTLS.',
    isSecret: true,
  }),
  MAIL_FROM: derived(senderForm, {
    form: 'an address, or a name and an address (Acme <no-reply@acme.example>)',
    default: 'no-reply at the host of the issuer',
    meaning: 'Whom our mails are from.',
  }),
  SHUTDOWN_SECONDS: number({
    default: 25,
    least: 0,
    most: 300,
    unit: 'seconds',
    meaning: 'How long requests under way may take to finish after SIGTERM.',
  }),
  DEMO: derived(oneOf(['on', 'off']), {
    form: 'on or off',
    default: 'on when the issuer is loopback, else off',
    meaning: 'The demo at /demo. Cannot be on elsewhere.',
  }),
  SIGN_UP: derived(oneOf(['open', 'invite', 'closed']), {
    form: 'open, invite or closed',
    default: 'open when the issuer is loopback, else invite',
    meaning: 'Who may make an account: anybody, the invited, or nobody.',
  }),
  USERNAME_MAX: number({ default: 30, least: 3, most: 50, unit: 'characters', meaning: 'The longest user name.' }),
  PASSWORD_POLICY: choice(['composition', 'nist'], {
    default: 'composition',
    meaning:
      'composition: 12 to 128 characters with upper, lower, digit and special. nist: length and blocklist alone (SP 800-63B).',
  }),
  REQUIRE_MFA: choice(['roles', 'all'], {
    default: 'roles',
    meaning:
      'Who needs a second factor: everybody, or the users whose roles or apps demand it (administrators always do).',
  }),
  PASSWORD_HASH_PERMITS: derived(wholeNumber(1, 1024), {
    form: 'a whole number from 1 to the number of processor cores',
    unit: 'hashes',
    default: 'the number of processor cores',
    meaning: 'How many passwords are hashed at once.',
  }),
  SESSION_IDLE_SECONDS: number({
    default: 3600,
    least: 60,
    most: 86_400,
    unit: 'seconds',
    meaning: 'A session ends when it has not been used for so long.',
  }),
  SESSION_MAX_SECONDS: number({
    default: 43_200,
    least: 60,
    most: 86_400,
    unit: 'seconds',
    meaning: 'A session ends so long after sign-in, however busy.',
  }),
  CODE_SECONDS: number({
    default: 60,
    least: 1,
    most: 60,
    unit: 'seconds',
    meaning: 'The life of an authorization code.',
  }),
  ACCESS_TOKEN_SECONDS: number({
    default: 900,
    least: 1,
    most: 86_400,
    unit: 'seconds',
    meaning: 'The life of an access token. Other servers accept a revoked one until it ends.',
  }),
  ID_TOKEN_SECONDS: number({
    default: 900,
    least: 1,
    most: 86_400,
    unit: 'seconds',
    meaning: 'The life of an ID token.',
  }),
  REFRESH_TOKEN_SECONDS: number({
    default: 604_800,
    least: 1,
    most: 604_800,
    unit: 'seconds',
    meaning: 'How long after sign-in tokens may be refreshed, in all.',
  }),
  REFRESH_RETRY_SECONDS: number({
    default: 30,
    least: 0,
    most: 60,
    unit: 'seconds',
    meaning: 'How long a client that lost the answer may send its last refresh token again. 0: not at all.',
  }),
  SIGNING_KEY_BITS: setting((written) => [2048, 3072, 4096].find((bits) => String(bits) === written), {
    form: '2048, 3072 or 4096',
    unit: 'bits',
    default: '2048',
    meaning: 'The size of new RSA signing keys.',
  }),
  SIGNING_KEY_ROTATION_DAYS: number({
    default: 90,
    least: 1,
    most: 3650,
    unit: 'days',
    meaning: 'A signing key is replaced after so long.',
  }),
  AUDIT_RETENTION_DAYS: number({
    default: 365,
    least: 1,
    most: 36_500,
    unit: 'days',
    meaning: 'How long audit events are kept, at least.',
  }),
  AUDIT_WEBHOOK_URL: derived(webhookForm, {
    form: 'an https URL without a user name (http or a private address where OUTBOUND_ALLOW has it)',
    default: 'none',
    meaning:
      'Where each signed checkpoint of the audit is posted to as JSON, so that a copy is kept out of reach of whoever has the database.',
    isSecret: true,
  }),
  RATE_LIMIT_REDIS_URL: derived(redisUrlForm, {
    form: 'a redis:// or rediss:// URL of nothing but user name, password, host, port and database number',
    default: 'none',
    meaning:
      'Keeps the exact limits in this Redis instead of in the database. While it is away, sign-ins are refused. Off this machine it needs rediss.',
    isSecret: true,
  }),
  LIMIT_AUTH_PER_MINUTE: number({
    default: 10,
    least: 1,
    most: 1_000_000,
    unit: 'a minute',
    meaning: 'Passwords and sign-ups sent, for each address prefix and for each account.',
  }),
  LIMIT_CLIENT_AUTH_PER_MINUTE: number({
    default: 10,
    least: 1,
    most: 1_000_000,
    unit: 'a minute',
    meaning: 'Failed client authentications, for each client and address prefix.',
  }),
  LIMIT_DEFAULT_PER_HOUR: number({
    default: 100,
    least: 1,
    most: 1_000_000,
    unit: 'an hour',
    meaning: 'Requests for each address to what has no limit of its own.',
  }),
  CEILING_CLIENT_PER_MINUTE: number({
    default: 6000,
    least: 1,
    most: 10_000_000,
    unit: 'a minute',
    meaning: 'Back-channel requests of one client, on each node.',
  }),
  CEILING_ADDRESS_PER_MINUTE: number({
    default: 600,
    least: 1,
    most: 10_000_000,
    unit: 'a minute',
    meaning: 'Requests for pages, assets, metadata and keys from one address prefix, on each node.',
  }),
  CEILING_CLIENT_AUTH_PER_MINUTE: number({
    default: 30,
    least: 1,
    most: 1_000_000,
    unit: 'a minute',
    meaning: 'Failed client authentications of one address prefix at each node, whichever clients it names.',
  }),
})

export type Environment = z.output<typeof environment>
