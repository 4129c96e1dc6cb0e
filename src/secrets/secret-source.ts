// secrets: where settings come from that are kept elsewhere. The environment and its _FILE twins are config's; what lies in
// a vault is fetched here before the settings are judged, and what the vault leases is kept alive and replaced while the
// server runs. Nothing here is written to disk or logged.

import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { ConfigFaults } from '../config/config-faults.ts'
import { isSetting, type ReadFile, type Variables } from '../config/environment.ts'
import { type VaultSettings, vaultSettings } from '../config/vault-settings.ts'
import { createOutbound } from '../outbound/fetch-safely.ts'
import type { CredentialSource } from '../store/credentials.ts'
import type { Log } from '../telemetry/log.ts'
import { type DatabaseLease, databaseLease } from './database-lease.ts'
import { VaultError, vaultClient } from './vault-client.ts'
import { readAs, type VaultSession, vaultSession } from './vault-session.ts'

/** The settings, wherever they were kept, and what of them goes on living. */
export interface SecretSource {
  /** Every variable: those of the environment, and those that were fetched. */
  readonly variables: Variables
  /** User names and passwords for the database, where they are leased. */
  readonly databaseCredentials: CredentialSource | undefined
  /** Does whatever is due now: renews, replaces, ends. A failure is logged once, and tried again at each call. */
  keep(log: Log): Promise<void>
  /** Gives everything back. The database is to be closed before. Does not fail. */
  close(): Promise<void>
}

/**
 * Opens the source of settings: the vault that the variables name, else the variables themselves.
 * @throws ConfigFaults when the vault cannot be asked, or what it says contradicts the environment
 */
export async function openSecretSource(variables: Variables, readFile: ReadFile, clock: Clock): Promise<SecretSource> {
  const settings = vaultSettings(variables, readFile)
  if (!settings)
    return { variables, databaseCredentials: undefined, keep: async () => undefined, close: async () => undefined }
  const outbound = createOutbound({ allow: [hostAndPortOf(settings.address)] })
  const client = vaultClient(outbound, settings.address, settings.namespace)
  const session = await vaultSession(client, settings.login, clock).catch(startFault('VAULT_ADDR', 'to log in'))
  const fetched = await kvSettings(session, settings.kvPath, variables)
  const lease = await leaseOf(session, settings, clock)
  let toldOf: unknown
  return {
    variables: { ...variables, ...fetched },
    databaseCredentials: lease?.credentials,
    async keep(log) {
      try {
        await session.keep()
        await lease?.keep()
        toldOf = undefined
      } catch (error) {
        const failure = error instanceof VaultError ? error.failure : 'unknown'
        if (failure !== toldOf) log.error({ err: error }, 'the vault could not be asked: what it gave last is used on')
        toldOf = failure
      }
    },
    close: async () => {
      // What cannot be given back now ends by itself.
      await lease?.close().catch(() => undefined)
      await session.close().catch(() => undefined)
    },
  }
}

const KEEP_EVERY_MS = 5_000

/** Keeps what was fetched alive from now on. @returns what stops it */
export function keepSecrets(source: SecretSource, log: Log): () => Promise<void> {
  let keeping: Promise<void> | undefined
  const timer = setInterval(() => {
    keeping ??= source.keep(log).finally(() => {
      keeping = undefined
    })
  }, KEEP_EVERY_MS).unref()
  return async () => {
    clearInterval(timer)
    await keeping
  }
}

function hostAndPortOf(address: string): string {
  const { hostname, port, protocol } = new URL(address)
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
}

const kv = z.object({ data: z.object({ data: z.record(z.string(), z.unknown()) }) })

/** The settings in a secret of the KV engine, version 2. Other keys are somebody else's. */
async function kvSettings(session: VaultSession, path: string | undefined, variables: Variables): Promise<Variables> {
  if (path === undefined) return {}
  const { data } = await session
    .ask({ path })
    .then((answer) => readAs(kv, answer))
    .then((answer) => answer.data)
    .catch(startFault('VAULT_KV_PATH', 'for its settings'))
  const fetched: Record<string, string> = {}
  const faults = Object.entries(data)
    .filter(([name]) => isSetting(name) && !name.startsWith('VAULT_'))
    .flatMap(([name, value]) => {
      if (typeof value === 'string' || typeof value === 'number') fetched[name] = String(value)
      else return [{ variable: name, problem: 'the vault holds no text for it', fix: 'write it there as a text' }]
      const isSetToo = Boolean(variables[name]?.trim() || variables[`${name}_FILE`]?.trim())
      const problem = 'it is set in the environment, and in the vault'
      return isSetToo ? [{ variable: name, problem, fix: 'keep one of the two' }] : []
    })
  if (faults.length > 0) throw new ConfigFaults(faults)
  return fetched
}

const leaseOf = (
  session: VaultSession,
  { databasePath }: VaultSettings,
  clock: Clock,
): Promise<DatabaseLease | undefined> =>
  databasePath === undefined
    ? Promise.resolve(undefined)
    : databaseLease(session, databasePath, clock).catch(startFault('VAULT_DATABASE_ROLE', 'for credentials'))

const EXPLANATIONS: Readonly<Record<VaultError['failure'], readonly [problem: string, fix: string]>> = {
  denied: ['the vault denied it', 'give the login a policy that allows it, or credentials that are still good'],
  not_found: ['the vault has nothing there', 'correct the path, and see that the engine is mounted'],
  refused: ['the vault refused it', 'see its audit log for why'],
  unavailable: ['the vault is sealed, standing by or out of reach', 'unseal it, and see that this machine reaches it'],
  unreadable: ['what answered is no vault, or has another version of the engine', 'correct the address and the path'],
}

/** Turns a failure at start into what an operator can mend. */
const startFault =
  (variable: string, purpose: string) =>
  (error: unknown): never => {
    if (!(error instanceof VaultError)) throw error
    const [problem, fix] = EXPLANATIONS[error.failure]
    throw new ConfigFaults([{ variable, problem: `asked ${purpose}: ${problem}`, fix }])
  }
