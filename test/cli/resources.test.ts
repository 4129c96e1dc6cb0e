import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startShell } from './shell.ts'

const { run, json, deps, audited } = await startShell()
const API = 'https://api.example'

test('resources are listed, and deleted once no client may ask tokens for them', async () => {
  assert.equal((await run(['resource', 'list'])).out, 'No resources.\n')
  await run(
    ['apply', '-f', '-'],
    `resources: [{identifier: ${API}, scopes: [api:read]}]
clients: [{client_id: app, redirect_uris: [https://app.example/c], resources: [${API}], scope: 'openid api:read'}]`,
  )
  const [resource] = (await json(['resource', 'list'])).resources as readonly { readonly identifier: string }[]
  assert.equal(resource?.identifier, API)
  assert.equal((await run(['resource', 'delete', API])).code, 1)
  await run(['client', 'delete', 'app'])
  assert.equal((await run(['resource', 'delete', API])).code, 0)
  assert.equal((await run(['resource', 'delete', API])).code, 1)
  assert.equal(await audited('resource.deleted'), 1)
})

test('deliveries are listed by channel and state, without what they say', async () => {
  const id = '01900000-0000-7000-8000-000000000001'
  const payload = Buffer.from('what it says')
  await deps.store.outbox.add([{ id, topic: 'notice', payload, lifetimeSeconds: 600 }])
  const waiting = await run(['delivery', 'list', '--state', 'waiting'])
  assert.match(waiting.out, /mail +notice +- +waiting/)
  assert.doesNotMatch(waiting.out, /what it says/)
  assert.equal((await run(['delivery', 'list', '--channel', 'logout'])).out, 'Nothing was sent, and nothing waits.\n')
  assert.equal((await run(['delivery', 'list', '--state', 'lost'])).code, 2)
  assert.equal((await run(['delivery', 'list', '--limit', '0'])).code, 2)
})
