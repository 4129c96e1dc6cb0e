import assert from 'node:assert/strict'
import { createVerify, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { test } from 'node:test'
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from 'jose'
import { sql } from 'kysely'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/base/digest.ts'
import { newId, systemRandom } from '../../src/base/random.ts'
import type { Sealer } from '../../src/base/seal.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openDeps } from '../../src/deps.ts'
import { type KeyCustody, privateKeyPlace } from '../../src/keys/signer.ts'
import { clientMetadata } from '../../src/protocol/client-metadata.ts'
import { administrationEvent } from '../../src/telemetry/audit.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startPostgres } from '../support/postgres.ts'

/** Stands for a KMS: it makes and keeps private keys, gives none out, and signs over a call that takes its time. */
function keyManagementService() {
  const held = new Map<string, KeyObject>()
  let signatures = 0
  return {
    signatures: () => signatures,
    privateHalves: () => [...held.values()].map((key) => key.export({ format: 'jwk' })),
    create() {
      const name = `kms-key-${held.size + 1}`
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      held.set(name, privateKey)
      return { name, publicKey }
    },
    async sign(name: string, data: Buffer): Promise<Buffer> {
      await new Promise((resolve) => setImmediate(resolve))
      const key = held.get(name)
      if (!key) throw new Error('the service has no such key')
      signatures += 1
      return sign('sha256', data, key)
    },
  }
}

const custodyOver =
  (kms: ReturnType<typeof keyManagementService>) =>
  (sealer: Sealer): KeyCustody => ({
    async create() {
      const { name, publicKey } = kms.create()
      const { kty, n, e } = publicKey.export({ format: 'jwk' })
      const kid = await calculateJwkThumbprint(publicKey)
      const privateKey = sealer.seal(Buffer.from(name), privateKeyPlace(kid))
      return { kid, alg: 'RS256', publicJwk: { kty, n, e }, privateKey }
    },
    signer({ kid, alg, privateKey }) {
      const name = privateKey && sealer.open(privateKey, privateKeyPlace(kid))
      if (!name) throw new Error('the key has no name here')
      return { kid, alg, sign: (data) => kms.sign(name.toString(), Buffer.from(data)) }
    },
  })

test('an external signer signs every token, and no private key is in the database (controls.md row 36)', async (t) => {
  const kms = keyManagementService()
  const { url, drop } = await (await startPostgres()).createDatabase()
  t.after(drop)
  const config = loadConfig({ DATABASE_URL: url, MASTER_KEY: randomBytes(32).toString('base64url') }, () =>
    assert.fail('no file is read'),
  )
  const log = createLog({ level: 'silent' })
  const opened = await openDeps({ config, log, purpose: 'serve', custody: custodyOver(kms) })
  t.after(() => opened.close())
  const { deps, database } = opened
  const app = await buildApp(deps)
  t.after(() => app.close())

  const secret = randomBytes(32).toString('base64url')
  const policy = clientMetadata.parse({
    client_id: 'machine',
    client_name: 'M',
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
  })
  const event = (type: string) => administrationEvent(deps, type, 'operator', {})
  await deps.store.clients.put(policy, event('client.put'))
  const id = newId(systemRandom, new Date())
  await deps.store.clients.addSecret('machine', { id, digest: digestOf(secret) }, event('client.secret_added'))

  const answer = await app.inject({
    method: 'POST',
    url: '/token',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`machine:${secret}`).toString('base64')}`,
    },
    payload: 'grant_type=client_credentials',
  })
  assert.equal(answer.statusCode, 200, answer.body)
  assert.equal(kms.signatures(), 1)
  const jwks = await deps.keys.jwks()
  const { payload } = await jwtVerify(answer.json().access_token, createLocalJWKSet({ keys: [...jwks.keys] }))
  assert.equal(payload.client_id, 'machine')

  const { rows } = await sql<{ text: string }>`select private_key::text as text from signing_key`.execute(database.db)
  assert.equal(rows.length, 2)
  for (const { d = '' } of kms.privateHalves()) {
    const hex = Buffer.from(d, 'base64url').toString('hex')
    assert.ok(rows.every(({ text }) => !text.includes(hex)))
  }
})

test('the local custody signs what its public half verifies, and refuses a key that was moved to another row (A175)', async (t) => {
  const { url, drop } = await (await startPostgres()).createDatabase()
  t.after(drop)
  const config = loadConfig({ DATABASE_URL: url, MASTER_KEY: randomBytes(32).toString('base64url') }, () =>
    assert.fail('no file is read'),
  )
  const { deps, close } = await openDeps({ config, log: createLog({ level: 'silent' }), purpose: 'serve' })
  t.after(close)
  const signer = await deps.keys.current()
  const publicKey = await deps.keys.publicKey(signer.kid)
  assert.ok(publicKey)
  assert.ok(
    createVerify('sha256')
      .update('data')
      .verify(publicKey, await signer.sign('data')),
  )

  const { keys } = await deps.store.signingKeys.list()
  const [one, other] = keys
  assert.ok(one && other)
  assert.throws(() => deps.custody.signer({ ...one, privateKey: other.privateKey }), /does not open/)
})
