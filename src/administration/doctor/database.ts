import type { Deps } from '../../deps.ts'
import type { AppRoleState } from '../../store/app-role.ts'
import { doubt, type Finding, fine, problem } from './finding.ts'

const OLDEST = 140_000
const SKEW_SECONDS = { warning: 1, error: 5 } as const // past five seconds the node calls itself unready

const ROLE_FAULTS: Readonly<
  Record<Exclude<AppRoleState, 'ready'>, { readonly message: string; readonly fix: string }>
> = {
  missing: {
    message: 'there is no role postern_app, so the server could change its own audit',
    fix: 'as an administrator of the database: create role postern_app nologin; grant it to the login of DATABASE_URL; then run postern migrate',
  },
  'not-granted': {
    message: 'the login of the server may not become postern_app, so it could change its own audit',
    fix: 'as an administrator of the database: grant postern_app to the login of DATABASE_URL; then restart the servers',
  },
  'wrong-rights': {
    message: 'the role postern_app has other rights on the tables than it should',
    fix: 'run postern migrate as the login that owns the tables',
  },
}

/** Whether the server works as the role that cannot change the audit. */
export async function roleFinding({ store }: Pick<Deps, 'store'>): Promise<Finding> {
  const state = await store.administration.appRoleState()
  if (state === 'ready') return fine('database.role', 'the server works as a role that cannot change the audit')
  return doubt('database.role', ROLE_FAULTS[state].message, ROLE_FAULTS[state].fix)
}

/** What the database is, how it is reached, and whether its clock agrees with this machine's. */
export async function databaseFindings({
  config,
  clock,
  store,
}: Pick<Deps, 'config' | 'clock' | 'store'>): Promise<readonly Finding[]> {
  const { version, versionNumber, maxConnections, hasTls } = await store.administration.databaseFacts()
  const engine = config.databaseUrl === undefined ? 'embedded PostgreSQL' : 'PostgreSQL'
  const findings = [
    versionNumber < OLDEST
      ? problem('database.version', `${engine} ${version} is too old`, 'use PostgreSQL 14 or later')
      : fine('database.version', `${engine} ${version}`),
  ]
  if (config.databaseUrl !== undefined) {
    findings.push(tls(new URL(config.databaseUrl.reveal()), hasTls))
    const { databasePoolSize } = config
    const message = `this node may open ${databasePoolSize} of the server's ${maxConnections} connections`
    findings.push(
      databasePoolSize * 2 > maxConnections
        ? doubt('database.pool', message, 'lower DATABASE_POOL_SIZE, or raise max_connections, so that all nodes fit')
        : fine('database.pool', message),
    )
  }
  return [...findings, await skew(clock, store)]
}

function tls({ hostname, searchParams }: URL, hasTls: boolean | undefined): Finding {
  const mode = searchParams.get('sslmode')
  if (hasTls && mode === 'verify-full')
    return fine('database.tls', 'the connection has TLS, and the server proved its name')
  const isLocal = ['', 'localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (isLocal) return fine('database.tls', 'the database is on this machine')
  return doubt(
    'database.tls',
    'the connection to the database is not protected',
    'add sslmode=verify-full to DATABASE_URL',
  )
}

async function skew(clock: Deps['clock'], store: Deps['store']): Promise<Finding> {
  await store.time() // the first question also opens the connection
  const before = clock.now().getTime()
  const theirs = (await store.time()).getTime()
  const after = clock.now().getTime()
  const seconds = Math.abs(theirs - (before + after) / 2) / 1000
  const message = `this machine and the database disagree by ${seconds.toFixed(2)} s (asked in ${after - before} ms)`
  const fix = 'let both take their time from the same source (NTP)'
  if (seconds > SKEW_SECONDS.error) return problem('clock.skew', message, fix)
  return seconds > SKEW_SECONDS.warning ? doubt('clock.skew', message, fix) : fine('clock', message)
}
