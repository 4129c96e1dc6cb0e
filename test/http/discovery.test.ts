import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { refusal } from '../support/back-channel.ts'
import {
  answerIn,
  authorizeUrl,
  claimsIn,
  codeForm,
  credentialsOf,
  obtainCode,
  obtainTokens,
  pkce,
  refresh,
  startServer,
  type TestServer,
  type Tokens,
} from '../support/server.ts'

type Metadata = Readonly<Record<string, string | boolean | readonly string[]>>

/** OpenID Connect Discovery §3, RFC 8414 §2, RP-Initiated Logout §2.1, RFC 9207 §3, Prompt Create §4.2. */
const REGISTERED = [
  'issuer',
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'registration_endpoint',
  'scopes_supported',
  'response_types_supported',
  'response_modes_supported',
  'grant_types_supported',
  'acr_values_supported',
  'subject_types_supported',
  'id_token_signing_alg_values_supported',
  'id_token_encryption_alg_values_supported',
  'id_token_encryption_enc_values_supported',
  'userinfo_signing_alg_values_supported',
  'request_object_signing_alg_values_supported',
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg_values_supported',
  'display_values_supported',
  'claim_types_supported',
  'claims_supported',
  'service_documentation',
  'claims_locales_supported',
  'ui_locales_supported',
  'claims_parameter_supported',
  'request_parameter_supported',
  'request_uri_parameter_supported',
  'require_request_uri_registration',
  'op_policy_uri',
  'op_tos_uri',
  'revocation_endpoint',
  'revocation_endpoint_auth_methods_supported',
  'introspection_endpoint',
  'introspection_endpoint_auth_methods_supported',
  'code_challenge_methods_supported',
  'authorization_response_iss_parameter_supported',
  'end_session_endpoint',
  'prompt_values_supported',
  'backchannel_logout_supported',
  'backchannel_logout_session_supported',
  'pushed_authorization_request_endpoint',
  'require_pushed_authorization_requests',
  'dpop_signing_alg_values_supported',
  'device_authorization_endpoint',
]

suite('discovery', () => {
  let server: TestServer
  let metadata: Metadata
  let user: { id: string; username: string; password: string; email: string }
  before(async () => {
    server = await startServer()
    metadata = (await server.app.inject('/.well-known/openid-configuration')).json()
    user = await server.makeUser()
  })
  after(() => server.close())

  const list = (name: string): readonly string[] => metadata[name] as readonly string[]
  const pathOf = (name: string): string => new URL(metadata[name] as string).pathname

  test('both documents are one, public, and good for ten minutes (RFC 8414 §3, OIDC Discovery §4)', async () => {
    const [oidc, oauth] = await Promise.all(
      ['openid-configuration', 'oauth-authorization-server'].map((name) => server.app.inject(`/.well-known/${name}`)),
    )
    assert.equal(oidc!.body, oauth!.body)
    for (const answer of [oidc!, oauth!]) {
      assert.equal(answer.statusCode, 200)
      assert.match(String(answer.headers['content-type']), /^application\/json/)
      assert.equal(answer.headers['access-control-allow-origin'], '*')
      assert.equal(answer.headers['cache-control'], 'public, max-age=600')
    }
    const again = await server.app.inject({
      url: '/.well-known/openid-configuration',
      headers: { 'if-none-match': String(oidc!.headers.etag) },
    })
    assert.deepEqual([again.statusCode, again.body, again.headers.etag], [304, '', oidc!.headers.etag])
  })

  test('the issuer is the configured one, and every address lies below it, whatever the request says (RFC 8414 §3.3, A104)', async () => {
    const poisoned = await server.app.inject({
      url: '/.well-known/openid-configuration',
      headers: {
        host: 'evil.test',
        'x-forwarded-host': 'evil.test',
        'x-forwarded-proto': 'http',
        forwarded: 'host=evil.test',
      },
    })
    assert.deepEqual(poisoned.json(), metadata)
    assert.equal(metadata.issuer, server.config.issuer)
    for (const [name, value] of Object.entries(metadata)) {
      if (/_endpoint$|_uri$/.test(name)) assert.ok(String(value).startsWith(`${server.config.issuer}/`), name)
    }
  })

  test('nothing is said that no standard names (RFC 8414 §2)', () => {
    assert.deepEqual(
      Object.keys(metadata).filter((name) => !REGISTERED.includes(name)),
      [],
    )
  })

  test('what a relying party looks for is there (OIDC Discovery §3)', () => {
    assert.deepEqual(list('response_types_supported'), ['code'])
    assert.deepEqual(list('code_challenge_methods_supported'), ['S256'])
    assert.ok(list('id_token_signing_alg_values_supported').includes('RS256'))
    assert.deepEqual(list('subject_types_supported'), ['public'])
    assert.ok(list('scopes_supported').includes('openid'))
    assert.ok(list('claims_supported').includes('sub'))
    assert.equal(metadata.authorization_response_iss_parameter_supported, true)
    assert.deepEqual([metadata.request_parameter_supported, metadata.request_uri_parameter_supported], [false, false])
  })

  test('every advertised endpoint answers as itself (design.md §2.8)', async () => {
    for (const name of Object.keys(metadata).filter((each) => each.endsWith('_endpoint') || each === 'jwks_uri')) {
      const url = pathOf(name)
      const host = new URL(server.config.issuer).host
      const answers = await Promise.all(
        (['GET', 'POST'] as const).map((method) => server.app.inject({ method, url, headers: { host } })),
      )
      assert.ok(
        answers.some(({ statusCode }) => statusCode !== 404 && statusCode !== 405),
        name,
      )
      assert.ok(
        answers.every(({ statusCode }) => statusCode < 500),
        name,
      )
    }
  })

  test('each advertised grant is served, and each client authentication method works where it is advertised (design.md §2.8)', async () => {
    for (const method of list('token_endpoint_auth_methods_supported')) {
      const client = await server.register({ token_endpoint_auth_method: method as 'none' })
      const { tokens } = await obtainTokens(server, client, user)
      assert.equal((await refresh(server, client, tokens.refresh_token)).statusCode, 200, method)
      const form = {
        ...(method === 'client_secret_basic' ? {} : { client_id: client.clientId }),
        ...(method === 'client_secret_post' ? { client_secret: client.clientSecret } : {}),
      }
      const may = (name: string) => list(`${name}_endpoint_auth_methods_supported`).includes(method)
      const introspected = await server.post(
        '/introspect',
        { token: tokens.access_token, ...form },
        credentialsOf(client),
      )
      assert.equal(introspected.statusCode === 200, may('introspection'), method)
      const revoked = await server.post('/revoke', { token: tokens.refresh_token, ...form }, credentialsOf(client))
      assert.equal(revoked.statusCode === 200, may('revocation'), method)
      if (method === 'none') continue
      const machine = await server.register({
        token_endpoint_auth_method: method as 'client_secret_basic',
        grant_types: ['client_credentials'],
        scope: '',
      })
      const own = await server.post(
        '/token',
        {
          grant_type: 'client_credentials',
          ...(method === 'client_secret_post'
            ? { client_id: machine.clientId, client_secret: machine.clientSecret }
            : {}),
        },
        credentialsOf(machine),
      )
      assert.equal(own.statusCode, 200, method)
    }
    assert.deepEqual([...list('grant_types_supported')].sort(), [
      'authorization_code',
      'client_credentials',
      'refresh_token',
    ])
  })

  test('what is not advertised is not served (design.md §2.8)', async () => {
    const client = await server.register({ token_endpoint_auth_method: 'client_secret_basic' })
    for (const grant_type of [
      'password',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
      'implicit',
    ]) {
      if (list('grant_types_supported').includes(grant_type)) continue
      assert.equal(
        refusal(await server.post('/token', { grant_type }, { authorization: client.basic })),
        '400 unsupported_grant_type',
      )
    }
  })

  test('each advertised response mode, scope, prompt and authentication context is taken (design.md §2.8)', async () => {
    const client = await server.register({ scope: list('scopes_supported').join(' '), first_party: true })
    const { browser } = await obtainCode(server, client, user)
    const ask = (more: Record<string, string>) =>
      browser.get(authorizeUrl(client, pkce().challenge, more), { fromElsewhere: true })
    const forPeople = list('scopes_supported').filter((scope) => scope !== 'postern:admin') // needs a permission
    for (const scope of forPeople) assert.ok(answerIn((await ask({ scope })).headers.location).code, scope)
    for (const response_mode of list('response_modes_supported')) {
      const answer = await ask({ response_mode })
      assert.match(answerIn(answer.headers.location).code ?? answer.body, /ac_/, response_mode)
    }
    for (const prompt of list('prompt_values_supported')) {
      const answer = await ask({ prompt })
      assert.equal(answer.statusCode, 303, prompt)
      assert.equal(
        answerIn(new URL(String(answer.headers.location), server.config.issuer).href).error,
        undefined,
        prompt,
      )
    }
    for (const acr_values of list('acr_values_supported')) assert.equal((await ask({ acr_values })).statusCode, 303)
    const { code, verifier } = await obtainCode(server, client, user)
    const tokens = (await server.post('/token', codeForm(client, code, verifier))).json<Tokens>()
    assert.ok(tokens.id_token)
  })

  test('an issuer with a path has its documents at both places that clients look (RFC 8414 §3.1, OIDC Discovery §4)', async () => {
    const below = await startServer({ ISSUER: 'https://gate.example/auth' })
    try {
      const paths = ['openid-configuration', 'oauth-authorization-server'].flatMap((name) => [
        `/auth/.well-known/${name}`,
        `/.well-known/${name}/auth`,
      ])
      for (const path of paths) {
        const answer = await below.app.inject(path)
        assert.equal(answer.statusCode, 200, path)
        assert.equal(answer.json().issuer, 'https://gate.example/auth')
        assert.equal(answer.json().token_endpoint, 'https://gate.example/auth/token')
      }
      assert.equal((await below.app.inject('/.well-known/openid-configuration')).statusCode, 404)
      for (const path of ['/auth/jwks', '/auth/.well-known/jwks.json'])
        assert.equal((await below.app.inject(path)).json().keys.length, 2)
      const machine = await below.register({
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['client_credentials'],
        scope: '',
      })
      const ask = (path: string) =>
        below.post(path, { grant_type: 'client_credentials' }, { authorization: machine.basic })
      const token = (await ask('/auth/token')).json<Tokens>().access_token
      assert.equal(claimsIn(token).iss, 'https://gate.example/auth')
      assert.equal((await ask('/token')).statusCode, 404)
    } finally {
      await below.close()
    }
  })
})
