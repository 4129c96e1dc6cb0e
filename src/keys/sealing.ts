import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '../base/random.ts'
import { type Sealer, sealer, subkey } from '../base/seal.ts'
import type { MasterKey } from '../config/master-key.ts'
import type { Store } from '../store/index.ts'

/** Keys for one purpose each. Those by which stored rows are found come from the pepper, which outlives a master key. */
export interface DerivedKeys {
  readonly csrf: Buffer
  readonly cursor: Buffer
  readonly restart: Sealer
  readonly recovery: Buffer
  /** For what was asked under an Idempotency-Key: a request may hold a password. */
  readonly idempotency: Buffer
}

export interface Sealing {
  /** For what is sealed in the database. */
  readonly sealer: Sealer
  readonly derived: DerivedKeys
  /** The secret that goes into every password hash. */
  readonly pepper: Buffer
}

interface SealingDeps {
  readonly random: Random
  readonly store: Pick<Store, 'deploymentSecrets'>
}

/** The master key is not the one that this database was sealed with. */
export class WrongMasterKey extends Error {
  override readonly name = 'WrongMasterKey'
  constructor() {
    super(
      'MASTER_KEY does not open this database: its secrets are sealed with another key. Start with the key that it was ' +
        'made with (for the embedded database it lies beside it, in DATA_DIR); while you change keys, give the old one as ' +
        'MASTER_KEY_PREVIOUS and run: postern rekey. Nothing was changed.',
    )
  }
}

/**
 * Derives every key from the master key, and proves that it is the right one for this database.
 * @param previous still opens what it has sealed, and seals nothing
 * @throws WrongMasterKey
 */
export async function openSealing(
  deps: SealingDeps,
  current: MasterKey,
  previous: MasterKey | undefined,
): Promise<Sealing> {
  const isNew = (await deps.store.deploymentSecrets.find('pepper')) === undefined
  const root = await rootKey(deps, current, isNew || previous !== undefined)
  const earlier = previous ? [await rootKey(deps, previous, false)] : []
  const sealerFor = (purpose: string) =>
    sealer(
      deps.random,
      subkey(root, purpose),
      earlier.map((key) => subkey(key, purpose)),
    )
  const atRest = sealerFor('seal')
  const pepper = await unsealedPepper(deps, atRest)
  const derived = {
    csrf: subkey(root, 'csrf'),
    cursor: subkey(root, 'cursor'),
    restart: sealerFor('restart'),
    recovery: subkey(pepper, 'recovery'),
    idempotency: subkey(pepper, 'idempotency'),
  }
  return { sealer: atRest, derived, pepper }
}

const stretch = promisify(pbkdf2)
const PASSPHRASE_ROUNDS = 600_000

/**
 * A passphrase is stretched with a salt that is this deployment's own. OWASP Password Storage: PBKDF2-HMAC-SHA256
 * @param isFirst whether the salt may be missing still: not where something was sealed under a passphrase before
 */
async function rootKey({ store, random }: SealingDeps, master: MasterKey, isFirst: boolean): Promise<Buffer> {
  if (master.kind === 'key') return master.key.reveal()
  const { find, findOrAdd } = store.deploymentSecrets
  const salt = isFirst ? await findOrAdd('passphrase-salt', random.bytes(32)) : await find('passphrase-salt')
  if (!salt) throw new WrongMasterKey()
  return await stretch(master.passphrase.reveal(), salt, PASSPHRASE_ROUNDS, 32, 'sha256')
}

const PEPPER = 'deployment_secret/sealed/pepper'

/** Opening the pepper proves the master key: a change of keys seals it anew last of all. */
async function unsealedPepper({ store, random }: SealingDeps, sealer: Sealer): Promise<Buffer> {
  const sealed = await store.deploymentSecrets.findOrAdd('pepper', sealer.seal(random.bytes(32), PEPPER))
  const pepper = sealer.open(sealed, PEPPER)
  if (!pepper) throw new WrongMasterKey()
  return pepper
}
