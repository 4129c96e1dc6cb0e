import { type Passwords, passwords } from './accounts/password.ts'
import { type Ceiling, ceiling } from './base/ceiling.ts'
import { type Clock, systemClock } from './base/clock.ts'
import { type Random, systemRandom } from './base/random.ts'
import type { Sealer } from './base/seal.ts'
import { type Directory, directory } from './clients/find-client.ts'
import type { Config } from './config/config.ts'
import { masterKey } from './config/master-key.ts'
import { ensureKeys } from './keys/rotate.ts'
import { type DerivedKeys, openSealing } from './keys/sealing.ts'
import { type KeyCustody, localCustody } from './keys/signer.ts'
import { type KeyRing, keyRing } from './keys/signing-keys.ts'
import { createMailer, type Mailer } from './outbound/mail.ts'
import type { CredentialSource } from './store/credentials.ts'
import { type Database, openDatabase } from './store/database.ts'
import { attachEmbedded, startEmbedded } from './store/embedded.ts'
import { createStore, type Store } from './store/index.ts'
import { migrate } from './store/migrate.ts'
import { measureLoad } from './telemetry/gauges.ts'
import type { Log } from './telemetry/log.ts'
import { createMetrics, type Metrics, measuredStore } from './telemetry/metrics.ts'
import { type RefusalBook, refusalBook } from './telemetry/refusal-book.ts'

/** Every effect there is. A function takes the part it needs, so its signature lists its effects. */
export interface Deps {
  readonly config: Config
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly keys: KeyRing
  readonly custody: KeyCustody
  readonly sealer: Sealer
  readonly derived: DerivedKeys
  readonly passwords: Passwords
  readonly directory: Directory
  /** What each network may fail to prove to be a client, at this node: a flood of made-up names ends before the database. */
  readonly clientFailures: Ceiling
  /** Absent where there is no mail server. */
  readonly mailer: Mailer | undefined
  readonly log: Log
  readonly metrics: Metrics
  readonly refusals: RefusalBook
}

/** What is opened, and closed again. */
export interface OpenDeps {
  readonly deps: Deps
  readonly database: Database
  readonly isNewMasterKey: boolean
  close(): Promise<void>
}

export interface OpenOptions {
  readonly config: Config
  readonly log: Log
  /** `serve` owns the embedded database; `command` uses that of a running server where there is one. */
  readonly purpose: 'serve' | 'command'
  /** Instead of those in DATABASE_URL, and changing while the server runs. */
  readonly databaseCredentials?: CredentialSource | undefined
  readonly clock?: Clock
  readonly random?: Random
  /** Where private keys live instead of in the database, sealed: a KMS or an HSM. */
  readonly custody?: (sealer: Sealer) => KeyCustody
  /** Tests shift the database's time with it. */
  readonly offsetSeconds?: () => number
}

/** Opens the database, of whichever kind, without looking at what is in it. */
export async function openStorage(options: OpenOptions): Promise<{
  readonly database: Database
  close(): Promise<void>
}> {
  const { config, log, purpose, databaseCredentials: credentials, offsetSeconds } = options
  const start = purpose === 'serve' ? startEmbedded : attachEmbedded
  const onError = (error: Error) => log.error({ err: error }, 'the database failed')
  const embedded = config.databaseUrl === undefined ? await start(config.dataDir, { onError }) : undefined
  const database = openDatabase({
    connection: embedded
      ? { kind: 'embedded', socketFolder: embedded.socketFolder, port: embedded.port }
      : {
          kind: 'url',
          url: config.databaseUrl ?? missing(),
          maxConnections: config.databasePoolSize,
          ...(credentials && { credentials }),
        },
    onError,
    ...(offsetSeconds ? { offsetSeconds } : {}),
  })
  const close = async () => {
    await database.close()
    await embedded?.close()
  }
  return { database, close }
}

/** Opens everything: the database, migrated; the keys, unsealed. @throws what says how to mend it, having changed nothing */
export async function openDeps(options: OpenOptions): Promise<OpenDeps> {
  const { config, log, clock = systemClock, random = systemRandom } = options
  const { master, isNew } = await masterKey(config, config.dataDir)
  const { database, close: closeStorage } = await openStorage(options)
  const throttle = await openThrottle(options)
  const close = async () => {
    throttle?.close()
    await closeStorage()
  }
  try {
    await migrate(database)
    const metrics = createMetrics(clock)
    const store = measuredStore(createStore(database, config, throttle), metrics)
    const { sealer, derived, pepper } = await openSealing({ store, random }, master, config.masterKeyPrevious)
    const custody = options.custody?.(sealer) ?? localCustody(sealer, config.signingKeyBits)
    await ensureKeys({ clock, random, store, custody })
    const hasher = await passwords(pepper, config.passwordHashPermits)
    measureLoad(metrics, 'password_permits', 'Permits to hash a password', hasher.load)
    measureLoad(metrics, 'database_connections', 'Connections to the database', database.load)
    const deps: Deps = {
      config,
      clock,
      random,
      store,
      keys: keyRing({ clock, store }, custody),
      custody,
      sealer,
      derived,
      passwords: hasher,
      directory: directory({ clock, store }),
      clientFailures: ceiling(clock, config.ceilingClientAuthPerMinute, 60),
      mailer: mailer(config),
      log,
      metrics,
      refusals: refusalBook(),
    }
    return { deps, database, isNewMasterKey: isNew, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Where limits are kept instead of in the database. A command limits nobody, and needs none. */
async function openThrottle({ config, log, purpose, offsetSeconds }: OpenOptions) {
  if (!config.rateLimitRedisUrl || purpose !== 'serve') return undefined
  const onError = (error: Error) => log.error({ err: error }, 'the limits failed')
  const { openRedisThrottle } = await import('./store/throttle-redis.ts') // its driver is for those who have one
  return await openRedisThrottle({
    url: config.rateLimitRedisUrl,
    onError,
    ...(offsetSeconds ? { offsetSeconds } : {}),
  })
}

const mailer = ({ smtpUrl, mailFrom, issuer }: Config): Mailer | undefined =>
  smtpUrl && createMailer({ url: smtpUrl, from: mailFrom, name: new URL(issuer).hostname })

function missing(): never {
  throw new Error('DATABASE_URL is not set')
}
