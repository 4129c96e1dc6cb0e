import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '../../src/config/config.ts'
import { ConfigFaults } from '../../src/config/config-faults.ts'
import { masterKey, parseMasterKey } from '../../src/config/master-key.ts'

async function dataFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-key-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'data')
}
const none = { masterKey: undefined }
const shown = ({ master }: Awaited<ReturnType<typeof masterKey>>) =>
  master.kind === 'key' && master.key.reveal().toString('hex')

test('a master key is 32 bytes in hex, base64url or base64 (design.md §3)', () => {
  const bytes = randomBytes(32)
  const spellings = [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ]
  for (const text of [...spellings, bytes.toString('base64').slice(0, 43)]) {
    const master = parseMasterKey(text)
    assert.ok(master?.kind === 'key' && master.key.reveal().equals(bytes), text)
  }
})

test('any other text is a passphrase, of 20 characters at least (design.md §3)', () => {
  assert.equal(parseMasterKey('nineteen characters'), undefined)
  assert.equal(parseMasterKey('twenty characters ok')?.kind, 'passphrase')
})

test('placeholders, repeated blocks and counted bytes are refused as master key (A172)', () => {
  const weak = [
    '0'.repeat(64),
    'A'.repeat(43),
    Buffer.alloc(32, 7).toString('base64'),
    '0123456789abcdef'.repeat(4),
    Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('hex'),
    'changemechangemechangeme',
    'please change me now ok',
    'your-secret-key-goes-here',
    'correct horse example staple',
    'abcabcabcabcabcabcabc',
    'aaaaaaaaaaaaaaaaaaaaab',
    Buffer.from('change-me-change-me-change-me-32').toString('base64'),
  ]
  for (const MASTER_KEY of weak) {
    assert.throws(() => loadConfig({ MASTER_KEY }, () => ''), ConfigFaults, MASTER_KEY)
  }
  for (let round = 0; round < 200; round++) loadConfig({ MASTER_KEY: randomBytes(32).toString('base64') }, () => '')
})

test('the embedded default makes its key once, readable to its owner alone (design.md §3)', async (t) => {
  const dataDir = await dataFolder(t)
  const first = await masterKey(none, dataDir)
  const second = await masterKey(none, dataDir)
  assert.deepEqual([first.isNew, second.isNew], [true, false])
  assert.equal(shown(first), shown(second))
  assert.equal((await stat(join(dataDir, 'master.key'))).mode & 0o777, 0o600)
  assert.equal((await stat(dataDir)).mode & 0o777, 0o700)
})

test('twenty starts at once get one key and leave one file (stack.md §0.4)', async (t) => {
  const dataDir = await dataFolder(t)
  const keys = await Promise.all(Array.from({ length: 20 }, () => masterKey(none, dataDir)))
  assert.equal(new Set(keys.map(shown)).size, 1)
  assert.equal(keys.filter(({ isNew }) => isNew).length, 1)
  assert.deepEqual(await readdir(dataDir), ['master.key'])
})

test('a key in the settings wins, and no file is made', async (t) => {
  const dataDir = await dataFolder(t)
  const { masterKey: given } = loadConfig({ MASTER_KEY: randomBytes(32).toString('hex') }, () => '')
  assert.deepEqual(await masterKey({ masterKey: given }, dataDir), { master: given, isNew: false })
  await assert.rejects(stat(dataDir))
})

test('a key file that others may read, or that holds no key, stops the start (A172)', async (t) => {
  const dataDir = await dataFolder(t)
  await masterKey(none, dataDir)
  await chmod(join(dataDir, 'master.key'), 0o640)
  await assert.rejects(masterKey(none, dataDir), ConfigFaults)
  await chmod(join(dataDir, 'master.key'), 0o600)
  await writeFile(join(dataDir, 'master.key'), '')
  await assert.rejects(masterKey(none, dataDir), ConfigFaults)
})
