import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { type Passwords, passwords } from './accounts/password.ts'
import { type Clock, systemClock } from './base/clock.ts'
import { type Random, systemRandom } from './base/random.ts'
import { open, seal, subkey } from './base/seal.ts'
import { type Directory, directory } from './clients/find-client.ts'
import type { Config } from './config/config.ts'
import { type MasterKey, masterKey } from './config/master-key.ts'
import { ensureKeys } from './keys/rotate.ts'
import { type KeyRing, keyRing } from './keys/signing-keys.ts'
import { type Database, openDatabase } from './store/database.ts'
import { attachEmbedded, startEmbedded } from './store/embedded.ts'
import { createStore, type Store } from './store/index.ts'
import { migrate } from './store/migrate.ts'
import type { Log } from './telemetry/log.ts'

/** Keys that are derived from the master key, one for each purpose. */
export interface DerivedKeys {
  readonly seal: Buffer
  readonly csrf: Buffer
  readonly restart: Buffer
}

/** Every effect there is. A function takes the part it needs, so its signature lists its effects. */
export interface Deps {
  readonly config: Config
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly keys: KeyRing
  readonly derived: DerivedKeys
  readonly passwords: Passwords
  readonly directory: Directory
  readonly log: Log
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
  readonly clock?: Clock
  readonly random?: Random
  /** Tests shift the database's time with it. */
  readonly offsetSeconds?: () => number
}

/** Opens the database, of whichever kind, without looking at what is in it. */
export async function openStorage({ config, log, purpose, offsetSeconds }: OpenOptions): Promise<{
  readonly database: Database
  close(): Promise<void>
}> {
  const start = purpose === 'serve' ? startEmbedded : attachEmbedded
  const onError = (error: Error) => log.error({ err: error }, 'the database failed')
  const embedded = config.databaseUrl === undefined ? await start(config.dataDir, { onError }) : undefined
  const database = openDatabase({
    connection: embedded
      ? { kind: 'embedded', socketFolder: embedded.socketFolder, port: embedded.port }
      : { kind: 'url', url: config.databaseUrl ?? missing(), maxConnections: config.databasePoolSize },
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
  const { database, close } = await openStorage(options)
  try {
    await migrate(database)
    const store = createStore(database, config)
    const root = await masterBytes(store, random, master)
    const derived = { seal: subkey(root, 'seal'), csrf: subkey(root, 'csrf'), restart: subkey(root, 'restart') }
    const pepper = await unsealedPepper(store, random, derived.seal)
    await ensureKeys({ clock, random, store, sealingKey: derived.seal, signingKeyBits: config.signingKeyBits })
    const deps: Deps = {
      config,
      clock,
      random,
      store,
      keys: keyRing({ clock, store }, derived.seal),
      derived,
      passwords: await passwords(pepper, config.passwordHashPermits),
      directory: directory({ clock, store }),
      log,
    }
    return { deps, database, isNewMasterKey: isNew, close }
  } catch (error) {
    await close()
    throw error
  }
}

const stretch = promisify(pbkdf2)
const PASSPHRASE_ROUNDS = 600_000

/** A passphrase is stretched with a salt that is this deployment's own. OWASP Password Storage: PBKDF2-HMAC-SHA256 */
async function masterBytes(store: Store, random: Random, master: MasterKey): Promise<Buffer> {
  if (master.kind === 'key') return master.key.reveal()
  const salt = await store.deploymentSecrets.findOrAdd('passphrase-salt', random.bytes(32))
  return await stretch(master.passphrase.reveal(), salt, PASSPHRASE_ROUNDS, 32, 'sha256')
}

/** The master key is not the one that this database was sealed with. */
export class WrongMasterKey extends Error {
  override readonly name = 'WrongMasterKey'
  constructor() {
    super(
      'MASTER_KEY does not open this database: its secrets are sealed with another key. Start with the key that it was ' +
        'made with (for the embedded database it lies beside it, in DATA_DIR). Nothing was changed.',
    )
  }
}

const PEPPER = 'deployment_secret/sealed/pepper'

/** The secret that goes into every password hash. Opening it proves the master key. */
async function unsealedPepper(store: Store, random: Random, key: Buffer): Promise<Buffer> {
  const sealed = await store.deploymentSecrets.findOrAdd('pepper', seal(random, key, random.bytes(32), PEPPER))
  const pepper = open(key, sealed, PEPPER)
  if (!pepper) throw new WrongMasterKey()
  return pepper
}

function missing(): never {
  throw new Error('DATABASE_URL is not set')
}
