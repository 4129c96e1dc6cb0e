import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hash } from 'argon2'
import { digestOf } from '../../src/base/digest.ts'
import { applyFile, FileRefused, reportText } from '../../src/cli/apply.ts'
import { startShell } from './shell.ts'

const shell = await startShell()
const { deps, audited, run } = shell

const SECRET = 'first secret of the orders service'
const SECOND = 'second secret of the orders service'
const THIRD = 'third secret of the orders service, too'
const PASSWORD = 'Correct-Horse7!staple'
const PASSWORDS = [SECRET, SECOND, THIRD, PASSWORD]

const setUp = (secret = SECRET) => `
resources:
  - identifier: https://orders.example
    name: Orders
    scopes: {orders.read: See your orders, orders.write: Change your orders}
    introspection_clients: [orders]
roles:
  - clerk
  - {name: auditor, description: Reads everything}
clients:
  - client_id: orders
    client_secret: ${secret}
    grant_types: [client_credentials]
    scope: orders.read
    resources: [https://orders.example]
  - client_id: shop
    client_name: The shop
    redirect_uris: [https://shop.example/callback]
    scope: openid profile orders.read
    resources: [https://orders.example]
    first_party: true
users:
  - username: alice
    email: Alice@shop.example
    email_verified: true
    password: ${PASSWORD}
    roles: [clerk, administrator]
    given_name: Alice
    address: {country: DE}
`

const file = await shell.file('postern.yaml', setUp())

test('a plan says what would be made, and writes nothing', async () => {
  const { code, out } = await run(['apply', '-f', file, '--plan'])
  assert.equal(code, 0)
  assert.equal(
    out,
    `  + role clerk
  + role auditor
  + resource https://orders.example
  + client orders
  + client shop
  + user alice
Plan: 6 to create, 0 to update, 0 unchanged. Nothing was written.
`,
  )
  assert.deepEqual(await deps.store.clients.list(undefined, 10), [])
  assert.ok(!(await deps.store.roles.list()).some(({ name }) => name === 'clerk'))
  assert.equal(await deps.store.users.exist(), false)
  assert.equal(await audited('client.created'), 0)
})

test('a file that is wrong anywhere is told whole, by line, and changes nothing', async () => {
  const wrong = `
resources:
  - {identifier: https://orders.example, scopes: [orders.read], introspection_clients: [nobody]}
  - {identifier: "${deps.config.issuer}", scopes: [x]}
clients:
  - {client_id: a, redirect_uris: [https://a.example/cb], scope: openid orders.write, resources: [https://orders.example]}
  - {client_id: a, redirect_uris: [https://a.example/cb], resources: [https://nowhere.example]}
  - {client_id: b, redirect_uris: [nowhere]}
users:
  - {username: bob, email: bob@shop.example, password: bob, roles: [clerk]}
  - {username: BOB, email: Bob@shop.example}
  - {username: "b b", email: c@shop.example}
`
  const { code, out, error } = await run(['apply', '-f', await shell.file('wrong.yaml', wrong)])
  assert.equal(code, 1)
  assert.equal(out, '')
  assert.equal(
    error,
    `the file is refused, and nothing was changed (11 faults):
  line 3:65  resources[0].introspection_clients: names a client that is neither here nor stored
  line 4:6  resources[1].identifier: is the issuer, whose tokens are its own
  line 6:59  clients[0].scope: no resource of this client defines orders.write
  line 7:6  clients[1].client_id: stands here for the second time
  line 7:59  clients[1].resources: names a resource that is not known
  line 8:36  clients[2].redirect_uris[0]: must be https, http on a loopback address, or a private-use scheme with a dot; no fragment, no user info
  line 10:46  users[0].password: breaks the password policy: length, upper, digit, special, common, personal
  line 10:69  users[0].roles[0]: is a role that is neither here nor stored
  line 11:6  users[1].username: stands here for the second time
  line 11:21  users[1].email: stands here for the second time
  line 12:6  users[2].username: must be 3 to 30 of A-Z a-z 0-9 _
`,
  )
  assert.equal(await deps.store.clients.exist(), false)
})

test('the faults of a file are JSON for a program', async () => {
  const { code, error } = await run(['apply', '--json', '-f', '-'], 'roles: [a b]')
  assert.equal(code, 1)
  const { faults } = JSON.parse(error)
  assert.deepEqual(faults, [
    { line: 1, column: 9, path: 'roles[0]', message: 'must be 1 to 64 of A-Z a-z 0-9 _ . : -' },
  ])
})

test('applying a file makes what it says', async () => {
  const { code, out } = await run(['apply', '-f', file])
  assert.equal(code, 0)
  assert.match(out, /^Applied: 6 created, 0 updated, 0 unchanged\.$/m)
  const client = await deps.store.clients.find('orders')
  assert.deepEqual(
    client?.secrets.map(({ digest }) => digest),
    [digestOf(SECRET)],
  )
  assert.deepEqual(client?.scope, ['orders.read'])
  const user = await deps.store.users.findForSignIn('alice@shop.example')
  assert.equal(await deps.passwords.check(PASSWORD, user?.password), 'right')
  assert.deepEqual(user?.roles, ['administrator', 'clerk'])
  assert.deepEqual(user?.claims, { given_name: 'Alice', address: { country: 'DE' } })
  assert.equal(user?.emailVerified, true)
})

test('applying it again changes nothing, and says so', async () => {
  const before = await deps.store.users.findForSignIn('alice')
  const { out } = await run(['apply', '-f', file])
  assert.match(out, /^Nothing to change: 0 created, 0 updated, 6 unchanged\.$/m)
  const after = await deps.store.users.findForSignIn('alice')
  assert.deepEqual(after, before)
  assert.equal(await audited('client.updated'), 0)
  assert.equal(await audited('user.password_changed'), 0)
  assert.equal(await audited('resource.put'), 1)
})

test('the file cannot take the last administrator away', async () => {
  const without = setUp(SECRET).replace('roles: [clerk, administrator]', 'roles: [clerk]')
  await assert.rejects(applyFile(deps, without), /last administrator/)
  await assert.rejects(applyFile(deps, 'users: [{username: alice, disabled: true}]'), /last administrator/)
  await applyFile(deps, 'users: [{username: deputy, roles: [administrator]}]')
})

test('an update names the fields that change, and no value', async () => {
  const changed = setUp(SECOND)
    .replace('The shop', 'Shop')
    .replace('Change your orders', 'Place orders')
    .replace('roles: [clerk, administrator]', 'roles: [clerk]')
    .replace('Reads everything', 'Reads')
    .replace('country: DE', 'country: AT')
  const path = await shell.file('changed.yaml', changed)
  const planned = await run(['apply', '--plan', '-f', path])
  const expected = `  = role clerk
  ~ role auditor: description
  ~ resource https://orders.example: scopes
  ~ client orders: client_secret
  ~ client shop: client_name
  ~ user alice: address, roles
`
  assert.ok(planned.out.startsWith(expected), planned.out)
  assert.equal((await deps.store.clients.find('orders'))?.secrets.length, 1)
  const applied = await run(['apply', '-f', path])
  assert.ok(applied.out.startsWith(expected), applied.out)
  assert.deepEqual((await deps.store.users.find({ username: 'alice' }))?.roles, ['clerk'])
})

test('a new secret lives beside the one before it, and takes the place of the older of two', async () => {
  const digests = async () => (await deps.store.clients.find('orders'))?.secrets.map(({ digest }) => digest)
  assert.deepEqual(await digests(), [digestOf(SECRET), digestOf(SECOND)])
  await applyFile(deps, setUp(THIRD))
  assert.deepEqual(await digests(), [digestOf(SECOND), digestOf(THIRD)])
  await applyFile(deps, setUp(SECOND))
  assert.deepEqual(await digests(), [digestOf(SECOND), digestOf(THIRD)])
})

test('a secret may stand in a file of its own, or as its digest', async () => {
  await shell.file('orders.secret', `${THIRD}\n`)
  await applyFile(deps, setUp(THIRD))
  const withFile = setUp().replace(/client_secret: .*/, 'client_secret_file: orders.secret')
  const path = await shell.file('with-file.yaml', withFile)
  assert.match((await run(['apply', '--plan', '-f', path])).out, /= client orders$/m)
  const digest = digestOf(THIRD).toString('hex')
  const withDigest = setUp().replace(/client_secret: .*/, `client_secret_sha256: ${digest}`)
  assert.match(reportText(await applyFile(deps, withDigest, { plan: true })), /= client orders$/m)
  const missing = await shell.file('missing.yaml', withFile.replace('orders.secret', 'missing.secret'))
  const { code, error } = await run(['apply', '-f', missing])
  assert.equal(code, 1)
  assert.match(error, /line 12:5 {2}clients\[0\]\.client_secret_file: names a file that cannot be read/)
})

test('what the file does not mention stays', async () => {
  await run(['client', 'disable', 'shop'])
  await run(['user', 'disable', 'alice'])
  await applyFile(
    deps,
    setUp(THIRD)
      .replace(/\n {4}roles: .*\n/, '\n')
      .replace(/\n {4}given_name: .*\n/, '\n'),
  )
  assert.notEqual((await deps.store.clients.find('shop'))?.disabledAt, undefined)
  const alice = await deps.store.users.find({ username: 'alice' })
  assert.notEqual(alice?.disabledAt, null)
  assert.equal(alice?.claims.given_name, 'Alice')
  await applyFile(deps, 'roles: [other]')
  assert.equal((await deps.store.clients.list(undefined, 10)).length, 2)
  await applyFile(deps, 'users: [{username: alice, disabled: false}]')
  assert.equal((await deps.store.users.find({ username: 'alice' }))?.disabledAt, null)
})

test('a password that differs is set, and ends what began under the old one', async () => {
  const before = await deps.store.users.findForSignIn('alice')
  const next = `${PASSWORD}2`
  const report = await applyFile(deps, `users: [{username: alice, password: "${next}"}]`)
  assert.deepEqual(report.changes, [{ kind: 'user', name: 'alice', action: 'update', fields: ['password'] }])
  const after = await deps.store.users.findForSignIn('alice')
  assert.equal(await deps.passwords.check(next, after?.password), 'right')
  assert.equal(after?.epoch, (before?.epoch ?? 0) + 1)
})

test('an imported hash counts until the first sign-in, which replaces it', async () => {
  const made = await hash(PASSWORD, { memoryCost: 8192, timeCost: 2, parallelism: 1 })
  const phc = made.replace('p=1,t=2', 't=2,p=1') // the order of the reference implementation
  const text = `users: [{username: carol, password_hash: "${phc}"}]`
  await applyFile(deps, text)
  const carol = await deps.store.users.findForSignIn('carol')
  assert.deepEqual(carol?.password, { phc, peppered: false })
  assert.deepEqual((await applyFile(deps, text)).changes[0]?.action, 'unchanged')
  assert.equal(await deps.passwords.check(PASSWORD, carol?.password), 'upgrade')
  const upgraded = await deps.passwords.hash(PASSWORD)
  assert.ok(carol?.password && upgraded !== 'busy')
  await deps.store.passwords.upgrade(carol.id, carol.password, upgraded)
  assert.deepEqual((await applyFile(deps, text)).changes[0]?.action, 'unchanged')
})

test('an address of somebody else is refused at its line', async () => {
  await assert.rejects(applyFile(deps, 'users:\n  - username: dave\n    email: ALICE@shop.example\n'), (error) => {
    assert.ok(error instanceof FileRefused)
    assert.deepEqual(error.faults, [
      { line: 3, column: 5, path: 'users[0].email', message: 'is the address of another user' },
    ])
    return true
  })
})

test('a new address is not verified unless the file says so', async () => {
  await applyFile(deps, 'users: [{username: alice, email: new@shop.example}]')
  assert.equal((await deps.store.users.find({ username: 'alice' }))?.emailVerified, false)
})

test('no output of any apply holds a secret of the file', async () => {
  for (const argv of [['apply'], ['apply', '--plan'], ['apply', '--json'], ['apply', '--plan', '--json']]) {
    for (const text of [setUp(), setUp(SECOND), setUp(`${THIRD} again`), `${setUp()}\nbroken: 1`]) {
      const { out, error } = await run([...argv, '-f', '-'], text)
      assert.notEqual(out + error, '')
      for (const secret of PASSWORDS) assert.ok(!(out + error).includes(secret), argv.join(' '))
    }
  }
})
