// config: what an operator may set. This file is the one table of settings: the server reads it, and .env.example and
// the README's table are printed from it. config.ts holds the rules between settings; nothing here reads process.env.

import { z } from 'zod'
import type { ConfigFault } from './config-faults.ts'
import {
  databaseUrlForm,
  type Form,
  hostAndPort,
  hostForm,
  issuerForm,
  listOf,
  oneOf,
  proxyForm,
  wholeNumber,
} from './forms.ts'
import { parseMasterKey } from './master-key.ts'

/** What a person is told about a setting. */
interface Setting {
  readonly meaning: string
  /** Completes "is not …". */
  readonly form: string
  readonly unit?: string
  readonly default: string
  readonly isSecret?: true
}

const settings = z.registry<Setting>()

const written = <Value>(form: Form<Value>) =>
  z.string().transform((text, context) => {
    const value = form(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom' })
    return z.NEVER
  })

/** A setting whose default is a text as an operator would write it. */
const setting = <Value>(form: Form<Value>, facts: Setting) =>
  written(form).prefault(facts.default).register(settings, facts)

/** A setting whose default follows from others, and is described in words. */
const derived = <Value>(form: Form<Value>, facts: Setting) => written(form).optional().register(settings, facts)

interface NumberFacts {
  readonly default: number
  readonly least: number
  readonly most: number
  readonly unit: string
  readonly meaning: string
}
const number = ({ least, most, default: fallback, ...facts }: NumberFacts) =>
  setting(wholeNumber(least, most), {
    ...facts,
    form: `a whole number from ${least} to ${most}`,
    default: String(fallback),
  })

const inWords = (words: readonly string[]) => words.join(', ').replace(/, ([^,]*)$/, ' or $1')

interface ChoiceFacts<Word> {
  readonly default: Word
  readonly meaning: string
}
const choice = <const Word extends string>(words: readonly Word[], facts: ChoiceFacts<NoInfer<Word>>) =>
  setting(oneOf(words), { ...facts, form: inWords(words) })

const environment = z.object({
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
  TRUST_PROXY: setting(proxyForm, {
    form: 'a number of proxies from 0 to 10, or a comma list of addresses and blocks such as 10.0.0.0/8',
    default: '0',
    meaning: 'The proxies in front of this server whose X-Forwarded-For is believed. 0: none, the header is ignored.',
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
      'Allows a database on another machine without TLS. Only for a network that you trust as much as this machine.',
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
})

export type Environment = z.output<typeof environment>

const table = Object.entries(environment.shape).map(([variable, type]) => {
  const facts = settings.get(type)
  if (!facts) throw new Error(`setting without a description: ${variable}`)
  return { variable, ...facts }
})

export type Variables = Readonly<Record<string, string | undefined>>
/** Reads a text file, and throws when it cannot. */
export type ReadFile = (path: string) => string

/**
 * Reads every setting from its variable or, for a secret, from the file that its `_FILE` twin names. An empty variable is
 * one that was left out. Rules between settings are config.ts's.
 * @returns all faults, and values in which whatever was at fault has its default
 */
export function readEnvironment(
  variables: Variables,
  readFile: ReadFile,
): { readonly values: Environment; readonly faults: readonly ConfigFault[] } {
  const faults: ConfigFault[] = []
  const given: Record<string, string> = {}
  for (const { variable, isSecret } of table) {
    const fromFile = isSecret && secretFrom(variables, variable, readFile, faults)
    const text = fromFile || variables[variable]?.trim()
    if (text) given[variable] = text
  }
  const parsed = environment.safeParse(given)
  if (parsed.success) return { values: parsed.data, faults }
  for (const { variable, isSecret, form, default: fallback } of table) {
    if (!parsed.error.issues.some(({ path }) => path[0] === variable)) continue
    const value = isSecret ? 'its value' : JSON.stringify(given[variable]).slice(0, 80)
    faults.push({
      variable,
      problem: `${value} is not ${form}`,
      fix: `correct it, or leave it out (default: ${fallback})`,
    })
    delete given[variable]
  }
  return { values: environment.parse(given), faults }
}

/** The text of the file that a secret's `_FILE` twin names, if it names one. */
function secretFrom(variables: Variables, variable: string, readFile: ReadFile, faults: ConfigFault[]) {
  const twin = `${variable}_FILE`
  const path = variables[twin]?.trim()
  if (!path) return undefined
  const refuse = (problem: string, fix: string) => void faults.push({ variable: twin, problem, fix })
  if (variables[variable]?.trim()) return refuse(`${variable} is set too`, 'keep one of the two')
  try {
    return readFile(path).trim() || refuse('the file is empty', 'write the secret into it')
  } catch {
    return refuse('the file cannot be read', 'name a file that the user of this process may read')
  }
}

const explained = ({ unit, form, isSecret }: Setting): string =>
  [form, unit, isSecret && 'secret'].filter(Boolean).join('; ')

const exampleOf = ({ variable, ...setting }: (typeof table)[number]): string => {
  const literal = /^[\w./]+$/.test(setting.default) && setting.default !== 'none' ? setting.default : ''
  return [
    `# ${setting.meaning}`,
    `# (${explained(setting)}; default: ${setting.default})`,
    `# ${variable}=${literal}`,
    ...(setting.isSecret ? [`# ${variable}_FILE=`] : []),
  ].join('\n')
}

/** Writes .env.example: every setting with its default, all commented out. */
export const environmentExample = (): string =>
  `${[
    '# Every setting of Postern. None is needed for a first start on your own machine.\n' +
      '# This file is printed from src/config/environment.ts: change it there.\n' +
      '# A secret may stand in a file instead: NAME_FILE holds the path.',
    ...table.map(exampleOf),
  ].join('\n\n')}\n`

/** Writes the README's table of settings, in Markdown. */
export const settingsTable = (): string =>
  [
    '| Variable | What it takes | Default | Meaning |',
    '| --- | --- | --- | --- |',
    ...table.map(
      ({ variable, ...setting }) =>
        `| \`${variable}\`${setting.isSecret ? ` (\`${variable}_FILE\`)` : ''} | ${explained(setting)} | ${setting.default} | ${setting.meaning} |`,
    ),
  ].join('\n')
