import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { type Config, loadConfig } from '../../src/config/config.ts'
import { ConfigFaults } from '../../src/config/config-faults.ts'

const load = (variables: Readonly<Record<string, string>>): Config =>
  loadConfig(variables, (path) => (path === '/run/secrets/smtp' ? 'smtps://gate:w%40rd@mail.example' : ''))
const PUBLIC = { ISSUER: 'https://id.example' }

test('mails go to the mail server where there is one, to a page on loopback, and else nowhere', () => {
  assert.equal(load({}).mail, 'outbox')
  assert.equal(load(PUBLIC).mail, 'none')
  assert.equal(load({ SMTP_URL: 'smtp://localhost:1025' }).mail, 'smtp')
  assert.equal(
    load({ ...PUBLIC, SMTP_URL_FILE: '/run/secrets/smtp' }).smtpUrl?.reveal(),
    'smtps://gate:w%40rd@mail.example',
  )
})

test('a mail server is a host with nothing behind it, and a name comes with a password', () => {
  for (const url of ['smtp://mail.example', 'smtp://mail.example:587/', 'smtps://u:p@[2001:db8::1]:465']) {
    assert.equal(load({ SMTP_URL: url }).mail, 'smtp', url)
  }
  for (const url of [
    'mail.example',
    'http://mail.example',
    'smtp://',
    'smtp://u@mail.example',
    'smtp://a/b',
    'smtp://a?x=1',
    'smtp://u:%zz@a',
  ]) {
    assert.throws(() => load({ SMTP_URL: url }), ConfigFaults, url)
  }
})

test('the sender is one address, with a name or without', () => {
  assert.deepEqual(load(PUBLIC).mailFrom, { name: undefined, address: 'no-reply@id.example' })
  assert.deepEqual(load({ MAIL_FROM: 'gate@mail.example' }).mailFrom, { name: undefined, address: 'gate@mail.example' })
  assert.deepEqual(load({ MAIL_FROM: 'Das Tor <tor@mail.example>' }).mailFrom, {
    name: 'Das Tor',
    address: 'tor@mail.example',
  })
  for (const from of ['gate', 'a@b.example, c@d.example', 'A <a@b.example> <c@d.example>', 'A\nBcc: x <a@b.example>']) {
    assert.throws(() => load({ MAIL_FROM: from }), ConfigFaults, from)
  }
})

test('the password of the mail server is not printed, neither when it is used nor when it is wrong', () => {
  const config = load({ SMTP_URL: 'smtp://gate:word-of-mouth@mail.example' })
  assert.ok(
    !inspect(config, { depth: 5 }).includes('word-of-mouth') && !JSON.stringify(config).includes('word-of-mouth'),
  )
  assert.throws(
    () => load({ SMTP_URL: 'smtp://gate:word-of-mouth@mail.example/x' }),
    (error: unknown) => error instanceof ConfigFaults && !error.message.includes('word-of-mouth'),
  )
})
