import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { prepareFirstRun } from '../../src/cli/first-run.ts'
import { startShell } from './shell.ts'

const { deps, audited } = await startShell()

test('the first run shows the issuer, a one-time link and a curl that works, once (design.md §11)', async () => {
  const [text, ...others] = (await Promise.all([1, 2, 3].map(() => prepareFirstRun(deps)))).filter((each) => each)
  assert.deepEqual(others, [])
  assert.ok(text)
  assert.match(text, /^ {4}http:\/\/localhost:3000$/m)
  const link = /http:\/\/localhost:3000\/first-administrator\?token=(fa_[\w-]{43})\n/.exec(text)?.[1] ?? ''
  assert.ok(await deps.store.actionTokens.find(digestOf(link), 'first-administrator'))
  const [, secret = ''] =
    /^ {4}curl -s -u first-service:(cs_[\w-]{43}) -d grant_type=client_credentials http:\/\/localhost:3000\/token$/m.exec(
      text,
    ) ?? []
  const client = await deps.store.clients.find('first-service')
  assert.ok(client?.secrets[0]?.digest.equals(digestOf(secret)))
  assert.equal(client?.tokenEndpointAuthMethod, 'client_secret_basic')
  assert.deepEqual(client?.grantTypes, ['client_credentials'])
  assert.equal(await audited('administrator_link.created'), 1)
  assert.equal(await prepareFirstRun(deps), undefined)
})
