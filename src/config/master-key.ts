import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Random, systemRandom } from '../base/random.ts'
import { Secret } from '../base/secret.ts'
import { ConfigFaults } from './config-faults.ts'

const KEY_BYTES = 32
const PASSPHRASE_LEAST = 20
const FILE = 'master.key'

/** What every key at rest is sealed under: a key, or a passphrase that a key is still to be stretched from. */
export type MasterKey =
  | { readonly kind: 'key'; readonly key: Secret<Buffer> }
  | { readonly kind: 'passphrase'; readonly passphrase: Secret }

const SPELLINGS = [
  [/^[0-9a-f]{64}$/i, 'hex'],
  [/^[\w-]{43}=?$/, 'base64url'],
  [/^[A-Za-z0-9+/]{43}=?$/, 'base64'],
] as const

/** Reads 32 bytes in hex, base64url or base64; any other text of at least 20 characters is a passphrase. */
export function parseMasterKey(text: string): MasterKey | undefined {
  const encoding = SPELLINGS.find(([pattern]) => pattern.test(text))?.[1]
  if (encoding) return { kind: 'key', key: new Secret(Buffer.from(text, encoding)) }
  return text.length >= PASSPHRASE_LEAST ? { kind: 'passphrase', passphrase: new Secret(text) } : undefined
}

const PLACEHOLDER = /change.?(me|this|it)|replace.?(me|this)|place.?holder|example|your.?(master|secret|key|pass)/i

/**
 * Whether anybody could have guessed the value: a placeholder, one block repeated, a run of counted bytes, too few
 * different ones. Says nothing about how a value that passes was made.
 */
export function isWeak(master: MasterKey): boolean {
  if (master.kind === 'passphrase') {
    const text = master.passphrase.reveal()
    return PLACEHOLDER.test(text) || new Set(text).size < 8 || /^(.{1,20}?)\1+$/s.test(text)
  }
  const bytes = master.key.reveal()
  const steps = new Set(bytes.map((byte, index) => byte - (bytes[index - 1] ?? 0)).subarray(1))
  // 32 random bytes hold about 30 different values: fewer than 16 does not happen by chance.
  return new Set(bytes).size < KEY_BYTES / 2 || steps.size === 1 || PLACEHOLDER.test(bytes.toString('latin1'))
}

/**
 * Gives the master key from the settings, else the one in the data folder, which is made (mode 0600) where there is none.
 * Of several processes that start at once, all get the same key.
 * @returns `isNew` is true for the one call that made the key: its operator is to be told where it lies
 * @throws ConfigFaults when the file is readable to others or holds no key
 */
export async function masterKey(
  { masterKey: given }: { readonly masterKey: MasterKey | undefined },
  dataDir: string,
  random: Random = systemRandom,
): Promise<{ readonly master: MasterKey; readonly isNew: boolean }> {
  if (given) return { master: given, isNew: false }
  const isNew = await makeKeyFile(dataDir, random)
  return { master: await readKeyFile(join(dataDir, FILE)), isNew }
}

/** A linked file appears whole or not at all, and never replaces another. */
async function makeKeyFile(dataDir: string, random: Random): Promise<boolean> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  if (await isThere(join(dataDir, FILE))) return false
  const draft = join(dataDir, `${FILE}.${random.bytes(8).toString('hex')}`)
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${random.bytes(KEY_BYTES).toString('base64url')}\n`)
    await file.sync()
    await link(draft, join(dataDir, FILE))
    await syncFolder(dataDir)
    return true
  } catch (cause) {
    if (await isThere(join(dataDir, FILE))) return false
    throw cause
  } finally {
    await file.close()
    await rm(draft, { force: true })
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Without this a power cut could leave sealed rows behind and take the key that opens them. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}

async function readKeyFile(path: string): Promise<MasterKey> {
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) {
    throw faultOf(path, 'other users of this machine may read it', `run chmod 600 ${path}`)
  }
  const master = parseMasterKey((await readFile(path, 'utf8')).trim())
  if (master?.kind === 'key' && !isWeak(master)) return master
  throw faultOf(
    path,
    'it holds no master key',
    'restore the file from a backup: what it sealed cannot be read without it',
  )
}

const faultOf = (path: string, problem: string, fix: string): ConfigFaults =>
  new ConfigFaults([{ variable: `DATA_DIR (${path})`, problem, fix }])
