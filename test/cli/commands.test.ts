import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { newId } from '../../src/base/random.ts'
import { loadConfig } from '../../src/config/config.ts'
import { signedIn } from '../../src/telemetry/audit.ts'
import { startShell } from './shell.ts'

const shell = await startShell()
const { deps, run, json, audited } = shell
const { store } = deps
const PASSWORD = 'Correct-Horse7!staple'

await run(['apply', '-f', '-'], 'roles: [clerk]\nresources: [{identifier: https://api.example, scopes: [read]}]')

test('the help names every command, and --version the release', async () => {
  const help = await run(['--help'])
  assert.equal(help.code, 0)
  for (const name of ['start', 'migrate', 'apply', 'client secret add', 'user invite', 'doctor', 'settings']) {
    assert.ok(help.out.includes(`\n  ${name} `), name)
  }
  assert.equal((await run([])).out, help.out)
  assert.match((await run(['--version'])).out, /^\d+\.\d+\.\d+/)
  assert.match((await run(['client', '--help'])).out, /client create/)
  assert.match((await run(['client', 'create', '--help'])).out, /--redirect-uri URI …/)
})

test('what is not understood ends with 2 and says what is', async () => {
  for (const argv of [
    ['fly'],
    ['client'],
    ['client', 'show'],
    ['client', 'show', 'a', 'b'],
    ['client', 'list', '--colour'],
    ['apply'],
    ['session', 'list'],
    ['session', 'end', 'x'],
    ['client', 'create', '--type', 'secret'],
  ]) {
    const { code, out, error } = await run(argv)
    assert.deepEqual({ argv, code, out }, { argv, code: 2, out: '' })
    assert.notEqual(error, '')
  }
  assert.equal(JSON.parse((await run(['session', 'list', '--json'])).error).error, 'usage')
})

test('what is not there ends with 1', async () => {
  for (const argv of [
    ['client', 'show', 'none'],
    ['client', 'delete', 'none'],
    ['client', 'secret', 'add', 'none'],
    ['user', 'show', 'none'],
    ['user', 'delete', 'none@a.example'],
    ['session', 'end', '01a20103-2c4b-768d-8482-4d53aedc113c'],
    ['apply', '-f', 'none.yaml'],
  ]) {
    const { code, out, error } = await run(argv)
    assert.deepEqual({ argv, code, out }, { argv, code: 1, out: '' })
    assert.notEqual(error, '')
  }
})

test('settings that are wrong are told, and nothing is opened', async () => {
  const { code, error } = await run(['settings'])
  assert.deepEqual({ code, error }, { code: 0, error: '' })
})

test('migrate says that there is nothing to do', async () => {
  assert.deepEqual(await json(['migrate', '--plan']), { pending: [] })
  assert.equal((await run(['migrate'])).out, 'The database is up to date.\n')
})

test('a public client is created without a secret, and judged as in the file', async () => {
  const made = await json([
    'client',
    'create',
    '--id',
    'spa',
    '--redirect-uri',
    'https://spa.example/cb',
    '--scope',
    'openid',
  ])
  assert.equal(made.client_secret, undefined)
  assert.equal(made.token_endpoint_auth_method, 'none')
  const { code, error } = await run([
    'client',
    'create',
    '--id',
    'bad',
    '--redirect-uri',
    'http://a.example/',
    '--scope',
    'read',
  ])
  assert.equal(code, 1)
  assert.match(error, /redirect_uris\.0: must be https/)
  assert.equal((await run(['client', 'create', '--id', 'spa', '--redirect-uri', 'https://b.example/'])).code, 1)
})

test('a confidential client gets a secret that is shown once and stored as a digest', async () => {
  const made = await json([
    'client',
    'create',
    '--type',
    'confidential',
    '--id',
    'svc',
    '--resource',
    'https://api.example',
    '--scope',
    'read',
  ])
  assert.deepEqual(made.grant_types, ['client_credentials'])
  const { client_secret: secret } = made
  assert.ok(typeof secret === 'string' && /^cs_[\w-]{43}$/.test(secret))
  assert.ok((await store.clients.find('svc'))?.secrets[0]?.digest.equals(digestOf(secret)))
  for (const argv of [
    ['client', 'list'],
    ['client', 'show', 'svc'],
    ['client', 'show', 'svc', '--json'],
  ]) {
    assert.ok(!(await run(argv)).out.includes(secret))
  }
})

test('a client has two live secrets at most, each removed by its id', async () => {
  const second = await json(['client', 'secret', 'add', 'svc'])
  assert.equal((await run(['client', 'secret', 'add', 'svc'])).code, 1)
  assert.equal((await run(['client', 'secret', 'add', 'spa'])).code, 1)
  assert.equal((await run(['client', 'secret', 'remove', 'svc', String(second.secret_id)])).code, 0)
  assert.equal((await run(['client', 'secret', 'remove', 'svc', String(second.secret_id)])).code, 1)
  assert.equal((await store.clients.find('svc'))?.secrets.length, 1)
})

test('an update changes what is named and leaves the rest, its derived origins following', async () => {
  await json([
    'client',
    'update',
    'spa',
    '--name',
    'The SPA',
    '--redirect-uri',
    'https://new.example/cb',
    '--first-party',
  ])
  const client = await store.clients.find('spa')
  assert.deepEqual(client?.allowedOrigins, ['https://new.example'])
  assert.equal(client?.firstParty, true)
  assert.deepEqual(client?.scope, ['openid'])
  assert.equal((await run(['client', 'update', 'spa', '--no-require-pkce'])).code, 1)
  assert.equal((await run(['client', 'update', 'spa', '--refresh-retry-seconds', 'x'])).code, 1)
})

test('a client is disabled, enabled, loses its grants and is deleted', async () => {
  assert.deepEqual(await json(['client', 'disable', 'spa']), { client_id: 'spa', disabled: true, changed: true })
  assert.deepEqual(await json(['client', 'disable', 'spa']), { client_id: 'spa', disabled: true, changed: false })
  await json(['client', 'enable', 'spa'])
  await json(['client', 'end-grants', 'spa'])
  const client = await store.clients.find('spa')
  assert.equal(client?.disabledAt, undefined)
  assert.ok(client?.tokensValidFrom instanceof Date)
  assert.equal((await run(['client', 'delete', 'spa'])).code, 0)
  assert.equal(await store.clients.find('spa'), undefined)
  assert.equal(await audited('client.deleted'), 1)
})

test('a user is created, with a password from standard input alone', async () => {
  await json(
    ['user', 'create', 'alice', '--email', 'alice@a.example', '--role', 'clerk', '--password-stdin'],
    `${PASSWORD}\n`,
  )
  const user = await store.users.findForSignIn('alice')
  assert.equal(await deps.passwords.check(PASSWORD, user?.password), 'right')
  for (const argv of [
    ['user', 'create', 'alice'],
    ['user', 'create', 'a b'],
    ['user', 'create', 'bob', '--email', 'ALICE@a.example'],
    ['user', 'create', 'bob', '--email', 'nobody'],
    ['user', 'create', 'bob', '--role', 'none'],
  ]) {
    assert.equal((await run(argv)).code, 1, argv.join(' '))
  }
  const weak = await run(['user', 'create', 'bob', '--password-stdin'], 'weak')
  assert.equal(weak.code, 1)
  assert.match(weak.error, /breaks the policy: length, upper, digit, special/)
  assert.equal((await run(['user', 'create', 'bob', '--password-stdin'])).code, 2)
  await json(['user', 'create', 'bob'])
  assert.equal((await store.users.findForSignIn('bob'))?.password, null)
})

test('users are listed and shown, and what they typed does not move the terminal', async () => {
  await run(['apply', '-f', '-'], 'users: [{username: bob, nickname: "\\e[31mred\\u202e"}]')
  assert.match((await run(['user', 'list'])).out, /alice +alice@a\.example +clerk +enabled/)
  const shown = await run(['user', 'show', 'bob'])
  assert.match(shown.out, /nickname +�\[31mred�/)
  assert.equal((await json(['user', 'show', 'ALICE@a.example'])).username, 'alice')
  const bob = await store.users.find({ username: 'bob' })
  assert.equal((await json(['user', 'show', String(bob?.id)])).username, 'bob')
})

test('roles are made, changed by what is said, shown and removed', async () => {
  const made = await json([
    'role',
    'put',
    'support',
    '--permission',
    'users:read',
    '--permission',
    'sessions:end',
    '--require-mfa',
  ])
  assert.deepEqual([made.permissions, made.require_mfa], [['sessions:end', 'users:read'], true])
  const changed = await json(['role', 'put', 'support', '--description', 'Helps', '--network', '10.0.0.0/8'])
  assert.deepEqual(
    [changed.description, changed.permissions, changed.allowed_networks],
    ['Helps', made.permissions, ['10.0.0.0/8']],
  )
  assert.match((await run(['role', 'show', 'support'])).out, /Helps/)
  assert.match((await run(['role', 'list'])).out, /support +sessions:end users:read/)
  assert.equal((await run(['role', 'put', 'support', '--permission', 'everything'])).code, 2)
  assert.equal((await run(['role', 'put', 'support', '--scope', 'https://nowhere.example=x'])).code, 1)
  assert.equal((await run(['role', 'put', 'administrator', '--permission', 'users:read'])).code, 1)
  assert.equal((await run(['role', 'remove', 'administrator'])).code, 1)
  assert.equal((await run(['role', 'remove', 'support'])).code, 0)
  assert.equal((await run(['role', 'show', 'support'])).code, 1)
})

test('roles are given and taken, and have to exist', async () => {
  assert.deepEqual((await json(['user', 'roles', 'bob', '--add', 'clerk'])).roles, ['clerk'])
  assert.deepEqual((await json(['user', 'roles', 'bob'])).roles, ['clerk'])
  assert.equal(await audited('user.role_granted'), 1)
  assert.deepEqual((await json(['user', 'roles', 'bob', '--remove', 'clerk'])).roles, [])
  assert.equal((await run(['user', 'roles', 'bob', '--add', 'none'])).code, 1)
})

test('set-password takes the password from standard input and ends what began before', async () => {
  const next = `${PASSWORD}2`
  await json(['user', 'set-password', 'alice'], next)
  const alice = await store.users.findForSignIn('alice')
  assert.equal(await deps.passwords.check(next, alice?.password), 'right')
  assert.equal(alice?.epoch, 1)
  assert.equal((await run(['user', 'set-password', 'alice'], 'weak')).code, 1)
})

test('sessions are listed and ended, one or all', async () => {
  const alice = await store.users.find({ username: 'alice' })
  assert.ok(alice)
  const begin = async () => {
    const id = newId(deps.random, deps.clock.now())
    const from = { requestId: id, address: '192.0.2.0/24', userAgent: 'Test' }
    const event = signedIn(deps, from, { userId: alice.id, sessionId: id, clientId: undefined, amr: ['pwd'] })
    const [strictDigest, laxDigest] = [digestOf(`strict ${id}`), digestOf(`lax ${id}`)]
    const facts = { sessionId: id, userId: alice.id, userEpoch: alice.epoch, strictDigest, laxDigest, maxSeconds: 600 }
    const authentication = {
      authTime: deps.clock.now(),
      acr: 'urn:postern:pwd',
      amr: ['pwd'],
      interactionId: undefined,
      device: undefined,
      isKnownDevice: false,
    }
    await store.sessions.signIn(
      { ...facts, ...authentication, address: from.address, userAgent: from.userAgent },
      undefined,
      event,
    )
    return id
  }
  const [first, second] = [await begin(), await begin()]
  assert.match((await run(['session', 'list', '--user', 'alice'])).out, new RegExp(`${second}[^]*${first}`))
  assert.equal((await json(['session', 'end', first])).ended, true)
  assert.equal((await run(['session', 'end', first])).code, 1)
  await json(['user', 'sign-out', 'alice'])
  assert.deepEqual(await json(['session', 'list', '--user', 'alice']), { sessions: [] })
})

test('who has lost the password or the second factor is helped', async () => {
  assert.equal((await json(['user', 'send-reset', 'alice'])).sent, true)
  assert.equal((await run(['user', 'send-reset', 'bob'])).code, 1) // there is no address to send it to
  assert.equal(await audited('user.reset_sent'), 1)
  assert.equal((await json(['user', 'reset-factors', 'alice'])).removed, 0)
  assert.equal(await audited('user.factors_reset'), 1)
})

test('a user is disabled, enabled and deleted', async () => {
  assert.equal((await json(['user', 'disable', 'bob'])).changed, true)
  assert.notEqual((await store.users.find({ username: 'bob' }))?.disabledAt, null)
  assert.equal((await json(['user', 'enable', 'bob'])).changed, true)
  await json(['user', 'delete', 'bob'])
  assert.equal(await store.users.find({ username: 'bob' }), undefined)
})

test('an invitation is a one-time link, stored as a digest', async () => {
  const { url, expires_in } = await json(['user', 'invite', 'carol@a.example', '--role', 'clerk'])
  const token = /^http:\/\/localhost:3000\/signup\?invitation=(in_[\w-]{43})$/.exec(String(url))?.[1] ?? ''
  assert.deepEqual(await store.actionTokens.find(digestOf(token), 'invitation'), {
    purpose: 'invitation',
    data: { email: 'carol@a.example', roles: ['clerk'] },
  })
  assert.equal(expires_in, 604_800)
  assert.equal((await run(['user', 'invite', 'alice@a.example'])).code, 1)
  assert.equal((await run(['user', 'invite', 'carol@a.example', '--role', 'none'])).code, 1)
  assert.equal(await audited('invitation.created'), 1)
})

test('admin-link prints nothing but a one-time link, and sees to the role', async () => {
  const { out } = await run(['admin-link'])
  const token = /^http:\/\/localhost:3000\/first-administrator\?token=(fa_[\w-]{43})\n$/.exec(out)?.[1] ?? ''
  assert.ok(await store.actionTokens.find(digestOf(token), 'first-administrator'))
  assert.ok((await store.roles.list()).some(({ name }) => name === 'administrator'))
})

test('keys are listed, rotated when validators know the next one, and replaced at once in an emergency', async () => {
  const { keys } = await json(['key', 'list'])
  assert.ok(Array.isArray(keys))
  assert.deepEqual(keys.map(({ state }) => state).sort(), ['current', 'next'])
  assert.ok(!JSON.stringify(keys).includes('private'))
  const young = await run(['key', 'rotate'])
  assert.equal(young.code, 1)
  assert.match(young.error, /wait \d+ s/)
  const current = keys.find(({ state }) => state === 'current').kid
  const replaced = await json(['key', 'rotate', '--emergency'])
  assert.equal(replaced.gone, current)
  assert.equal(await audited('key.emergency'), 1)
})

test('doctor finds nothing broken, and names what is missing with its fix', async () => {
  const { code, out } = await run(['doctor'])
  assert.equal(code, 0, out)
  assert.match(out, /ok {4,}keys\.current/)
  const { findings } = await json(['doctor'])
  assert.ok(Array.isArray(findings))
  const missing = findings.find(({ code }) => code === 'users.no_administrator')
  assert.equal(missing.severity, 'warning')
  assert.match(missing.fix, /admin-link/)
  await json(['client', 'update', 'svc', '--no-refresh-rotation'])
  await run(
    ['apply', '-f', '-'],
    'clients: [{client_id: old, token_endpoint_auth_method: client_secret_post, require_pkce: false, refresh_rotation: false, redirect_uris: [https://a.example/]}]',
  )
  const codes = ((await json(['doctor'])).findings as { code: string }[]).map(({ code }) => code)
  for (const found of ['client.no_pkce', 'client.no_rotation', 'client.no_secret'])
    assert.ok(codes.includes(found), found)
})

test('settings lists every setting and no value', async () => {
  assert.match((await run(['settings'])).out, /`ISSUER`.*\n/)
  assert.equal(loadConfig({}, () => '').issuer, 'http://localhost:3000')
})
