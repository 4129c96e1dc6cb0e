import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../../src/base/digest.ts'
import { newId, systemRandom } from '../../../src/base/random.ts'
import { administrationEvent } from '../../../src/telemetry/audit.ts'
import { refusal } from '../../support/back-channel.ts'
import {
  codeForm,
  obtainCode,
  refresh,
  startServer,
  type TestClient,
  type TestServer,
  type Tokens,
} from '../../support/server.ts'

const FORM = 'application/x-www-form-urlencoded'
const grantTypes = { grant_types: ['client_credentials' as const], scope: '' }

suite('attacks on client authentication and on the form of token requests', () => {
  let server: TestServer
  let spa: TestClient
  let basic: TestClient
  let post: TestClient
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer({ LIMIT_CLIENT_AUTH_PER_MINUTE: '1000' })
    spa = await server.register({})
    basic = await server.register({ ...grantTypes, token_endpoint_auth_method: 'client_secret_basic' })
    post = await server.register({ ...grantTypes, token_endpoint_auth_method: 'client_secret_post' })
    user = await server.makeUser()
  })
  after(() => server.close())

  const grant = { grant_type: 'client_credentials' }
  const ask = (form: Record<string, string>, authorization?: string) =>
    server.post('/token', { ...grant, ...form }, authorization === undefined ? {} : { authorization })
  const basicOf = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

  test('A059: more than one way of client authentication is refused (RFC 6749 §2.3)', async () => {
    const assertion = {
      client_assertion: 'e30.e30.e30',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }
    const attempts = [
      ask({ client_secret: basic.clientSecret }, basic.basic),
      ask({ client_id: basic.clientId, client_secret: basic.clientSecret }, basic.basic),
      ask({ client_id: post.clientId }, basic.basic),
      ask({ client_id: post.clientId, client_secret: post.clientSecret }, basic.basic),
      ask(assertion, basic.basic),
      ask({ ...assertion, client_id: post.clientId, client_secret: post.clientSecret }),
    ]
    for (const answer of await Promise.all(attempts)) assert.equal(refusal(answer), '400 invalid_request')
    assert.equal((await ask({ client_id: basic.clientId }, basic.basic)).statusCode, 200)
  })

  test('A061: every failed client authentication has the same answer (RFC 6749 §5.2)', async () => {
    const expired = await server.register({
      grant_types: ['client_credentials'],
      scope: '',
      token_endpoint_auth_method: 'client_secret_basic',
    })
    await server.database.db
      .updateTable('client_secret')
      .set({ expires_at: server.clock.now() })
      .where('client_id', '=', expired.clientId)
      .execute()
    const disabled = await server.register({
      ...grantTypes,
      disabled: true,
      token_endpoint_auth_method: 'client_secret_basic',
    })
    const attempts: Readonly<Record<string, Parameters<typeof ask>>> = {
      'no credentials': [{ client_id: basic.clientId }],
      'no client': [{}],
      'a public client with a secret': [{ client_id: spa.clientId, client_secret: 'x'.repeat(43) }],
      'a public client with Basic': [{}, basicOf(spa.clientId, 'x')],
      'an expired secret': [{}, expired.basic],
      'a wrong secret': [{}, basicOf(basic.clientId, 'wrong')],
      'an empty secret': [{}, basicOf(basic.clientId, '')],
      'another client’s secret': [{}, basicOf(basic.clientId, post.clientSecret)],
      'the digest of the secret': [{}, basicOf(basic.clientId, digestOf(basic.clientSecret).toString('hex'))],
      'Basic by a client of post': [{}, post.basic],
      'post by a client of Basic': [{ client_id: basic.clientId, client_secret: basic.clientSecret }],
      'an unknown client': [{}, basicOf('nobody', 'wrong')],
      'an unknown client by post': [{ client_id: 'nobody', client_secret: 'wrong' }],
      'a disabled client': [{}, disabled.basic],
      'a client_id out of bounds': [{ client_id: 'x'.repeat(10_000) }],
      'a client_id of SQL': [{ client_id: "' or 1=1 --" }],
      'malformed Basic': [{}, 'Basic !!!'],
      'empty Basic': [{}, 'Basic '],
      'Basic without a colon': [{}, `Basic ${Buffer.from('nobody').toString('base64')}`],
      'Basic of malformed percent-encoding': [{}, basicOf('%zz', '%zz')],
    }
    for (const [what, sent] of Object.entries(attempts)) {
      const answer = await ask(...sent)
      const { request_id, ...body } = answer.json()
      const same = { error: 'invalid_client', error_description: 'client authentication failed' }
      assert.deepEqual([what, answer.statusCode, body], [what, 401, same])
      assert.match(request_id, /^[0-9a-f-]{36}$/)
      const challenge = sent.length > 1 ? 'Basic realm="postern"' : undefined // only where Basic was tried
      assert.equal(answer.headers['www-authenticate'], challenge, what)
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
  })

  test('A061: a failure of a client that exists is audited, until its network is held up (design.md §6, §7)', async () => {
    const held = await startServer({ LIMIT_CLIENT_AUTH_PER_MINUTE: '3' })
    try {
      const client = await held.register({ ...grantTypes, token_endpoint_auth_method: 'client_secret_basic' })
      const wrong = () => held.post('/token', grant, { authorization: basicOf(client.clientId, 'wrong') })
      const answers = [await wrong(), await wrong(), await wrong(), await wrong(), await wrong()]
      assert.deepEqual(answers.map(refusal), [
        ...Array(3).fill('401 invalid_client'),
        ...Array(2).fill('429 slow_down'),
      ])
      const last = answers.at(-1)!
      assert.equal(last.headers['retry-after'], String(last.json().retry_after))
      assert.ok(last.json().retry_after > 0 && last.json().retry_after <= 20)
      const failures = (await held.audited()).filter((type) => type === 'client.authentication_failed')
      assert.equal(failures.length, 3) // whoever is held up cannot fill the audit trail
      assert.equal((await held.post('/token', grant, { authorization: client.basic })).statusCode, 200)
      held.clock.advance(last.json().retry_after)
      assert.equal(refusal(await wrong()), '401 invalid_client')
    } finally {
      await held.close()
    }
  })

  test('A061: two secrets are good at once, each until it is taken away (protocol.md, client policy)', async () => {
    const client = await server.register({ ...grantTypes, token_endpoint_auth_method: 'client_secret_basic' })
    const event = () =>
      administrationEvent(server.deps, 'client.secret_added', 'operator', { clientId: client.clientId })
    const add = (secret: string) =>
      server.deps.store.clients.addSecret(
        client.clientId,
        { id: newId(systemRandom, new Date()), digest: digestOf(secret) },
        event(),
      )
    assert.equal(await add('the-second-secret-of-this-client-1'), true)
    assert.equal(await add('the-third-secret-of-this-client-01'), false)
    assert.equal((await ask({}, client.basic)).statusCode, 200)
    assert.equal((await ask({}, basicOf(client.clientId, 'the-second-secret-of-this-client-1'))).statusCode, 200)
    assert.equal(
      refusal(await ask({}, basicOf(client.clientId, 'the-third-secret-of-this-client-01'))),
      '401 invalid_client',
    )
  })

  test('Basic credentials are form-encoded inside, and spelled in any case (RFC 6749 §2.3.1, RFC 7617 §2)', async () => {
    const encoded = [...basic.clientSecret].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')
    assert.equal((await ask({}, basicOf(basic.clientId, encoded))).statusCode, 200)
    assert.equal((await ask({}, basic.basic.replace('Basic', 'bAsIc'))).statusCode, 200)
  })

  test('A064: a repeated parameter is refused, whichever it is (RFC 6749 §3.2)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    const form = new URLSearchParams(codeForm(spa, code, verifier)).toString()
    for (const name of ['code', 'grant_type', 'redirect_uri', 'client_id', 'code_verifier']) {
      const [, value] = new RegExp(`${name}=([^&]*)`).exec(form)!
      for (const again of [value, 'another']) {
        assert.equal(refusal(await server.post('/token', `${form}&${name}=${again}`)), '400 invalid_request', name)
      }
    }
    assert.equal(refusal(await server.post('/token', `${form}&unknown=1&unknown=2`)), '400 invalid_request')
    assert.equal((await server.post('/token', form)).statusCode, 200) // nothing of it was acted on
  })

  test('A064: a parameter of the body that is in the query too is refused (RFC 6749 §2.3.1)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    const form = codeForm(spa, code, verifier)
    for (const [name, value] of Object.entries(form)) {
      const query = new URLSearchParams({ [name]: value })
      assert.equal(refusal(await server.post(`/token?${query}`, form)), '400 invalid_request', name)
    }
    assert.equal((await server.post('/token', form)).statusCode, 200)
  })

  test('A065: a body that is not a form is not acted on (RFC 6749 §3.2)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    const form = codeForm(spa, code, verifier)
    const text = new URLSearchParams(form).toString()
    const bodies: readonly (readonly [string | undefined, string])[] = [
      ['application/json', JSON.stringify(form)],
      ['application/json', text],
      ['application/json', '{"grant_type":'],
      ['multipart/form-data; boundary=x', `--x\r\ncontent-disposition: form-data; name="code"\r\n\r\n${code}\r\n--x--`],
      ['text/plain', text],
      [undefined, text],
      ['', text],
      [`${FORM}\t`, text],
      [` ${FORM}`, text],
      [`${FORM} trailing`, text],
      [`${FORM}, ${FORM}`, text],
      [`${FORM}; charset=utf-16`, text],
      [`${FORM}; charset=utf-8; charset=utf-7`, text],
      [`${FORM}; boundary=x`, text],
      ['application/x-www-form-urlencoded2', text],
      [FORM, `${text}&x=%ff`],
      [FORM, `${text}&x=%zz`],
      [FORM, `${text}&${'a=b&'.repeat(300)}`],
    ]
    for (const [type, payload] of bodies) {
      const answer = await server.app.inject({
        method: 'POST',
        url: '/token',
        payload,
        headers: type === undefined ? {} : { 'content-type': type },
      })
      assert.equal(refusal(answer), '400 invalid_request', `${type}: ${answer.body}`)
    }
    const good = await server.post('/token', text, { 'content-type': `${FORM};charset=UTF-8` })
    assert.equal(good.statusCode, 200, good.body)
  })

  test('A065: a body beyond 64 kB is refused unread (A152)', async () => {
    assert.equal(refusal(await server.post('/token', `x=${'a'.repeat(65_536)}`)), '413 invalid_request')
  })

  test('A066: any other method is refused with the one that is allowed (RFC 9110 §15.5.6)', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] as const) {
      const answer = await server.app.inject({
        method,
        url: '/token?grant_type=client_credentials',
        headers: { authorization: basic.basic },
      })
      assert.equal(answer.statusCode, 405, method)
      assert.equal(answer.headers.allow, 'POST, OPTIONS')
    }
  })

  test('A066: credentials in the query are refused, also alone there (RFC 6749 §2.3.1)', async () => {
    const { code, verifier } = await obtainCode(server, spa, user)
    const { code: _, ...rest } = codeForm(spa, code, verifier)
    const secrets = {
      code,
      client_secret: 'x',
      refresh_token: 'x',
      token: 'x',
      code_verifier: verifier,
      access_token: 'x',
      password: 'x',
    }
    for (const [name, value] of Object.entries(secrets)) {
      const answer = await server.post(`/token?${new URLSearchParams({ [name]: value })}`, rest)
      assert.equal(refusal(answer), '400 invalid_request', name)
    }
    assert.equal((await server.post('/token', { ...rest, code })).statusCode, 200)
  })

  test('A066: grants that are not served, or not allowed to the client, are refused by their names (RFC 6749 §5.2)', async () => {
    for (const grant_type of [
      'password',
      'implicit',
      'Authorization_Code',
      'urn:ietf:params:oauth:grant-type:saml2-bearer',
      'constructor',
      '__proto__',
    ]) {
      assert.equal(refusal(await ask({ grant_type }, basic.basic)), '400 unsupported_grant_type', grant_type)
    }
    for (const grant_type of ['authorization_code', 'refresh_token']) {
      assert.equal(refusal(await ask({ grant_type }, basic.basic)), '400 unauthorized_client', grant_type)
    }
    assert.equal(refusal(await ask({ client_id: spa.clientId })), '400 unauthorized_client')
    assert.equal(refusal(await ask({ grant_type: '' }, basic.basic)), '400 invalid_request')
  })

  test('a client without refresh_token among its grants gets no refresh token, and may not use one (RFC 6749 §5.2)', async () => {
    const once = await server.register({ grant_types: ['authorization_code'] })
    const { code, verifier } = await obtainCode(server, once, user)
    const tokens = (await server.post('/token', codeForm(once, code, verifier))).json<Tokens>()
    assert.equal(tokens.refresh_token, undefined)
    assert.equal(refusal(await refresh(server, once, 'x')), '400 unauthorized_client')
  })
})
