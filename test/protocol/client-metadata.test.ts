import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClientMetadata, clientMetadata } from '../../src/protocol/client-metadata.ts'

const confidential = { token_endpoint_auth_method: 'client_secret_basic' as const }
const faultsOf = (metadata: Record<string, unknown>): readonly string[] => {
  const parsed = clientMetadata.safeParse({ client_id: 'acme', redirect_uris: ['https://app.example/cb'], ...metadata })
  return parsed.success ? [] : [...new Set(parsed.error.issues.map(({ path }) => path.map(String).join('.')))]
}

test('a client with nothing but a name and an address is a public one that rotates and proves (protocol.md, client policy)', () => {
  const client = clientMetadata.parse({
    client_id: 'acme',
    redirect_uris: ['https://app.example/cb', 'https://app.example/other'],
  })
  assert.equal(client.tokenEndpointAuthMethod, 'none')
  assert.deepEqual(client.grantTypes, ['authorization_code', 'refresh_token'])
  assert.deepEqual(
    [client.requirePkce, client.refreshRotation, client.firstParty, client.disabled],
    [true, true, false, false],
  )
  assert.deepEqual(client.allowedOrigins, ['https://app.example'])
  assert.deepEqual(client.scope, ['openid'])
  assert.equal(client.clientName, 'acme')
})

const GOOD: readonly Partial<ClientMetadata>[] = [
  { client_id: 'A.b_c~d-9' },
  { ...confidential, grant_types: ['client_credentials'], redirect_uris: [] },
  { ...confidential, require_pkce: false },
  { ...confidential, refresh_rotation: false },
  { ...confidential, refresh_retry_seconds: 1800 },
  { refresh_retry_seconds: 0 },
  { refresh_retry_seconds: 60 },
  { allowed_origins: ['https://app.example', 'http://localhost:3000'] },
  { response_types: ['code'] },
  { backchannel_logout_uri: 'https://app.example/logout?from=gate', backchannel_logout_session_required: true },
  { backchannel_logout_uri: 'http://127.0.0.1:5000/logout' },
]
for (const metadata of GOOD) {
  test(`${JSON.stringify(metadata)} is a good policy (RFC 7591 §2)`, () => assert.deepEqual(faultsOf(metadata), []))
}

const BAD: readonly (readonly [string, Record<string, unknown>])[] = [
  ['client_id', { client_id: '' }],
  ['client_id', { client_id: 'a b' }],
  ['client_id', { client_id: 'a:b' }], // a colon would end the user name of HTTP Basic
  ['client_id', { client_id: 'a'.repeat(101) }],
  ['client_name', { client_name: 'a\u202eb' }],
  ['client_name', { client_name: 'a\nb' }],
  ['', { unknown_member: true }],
  ['', { __proto__: null, client_secret_expires_at: 0 }],
  ['token_endpoint_auth_method', { token_endpoint_auth_method: 'tls_client_auth' }],
  ['redirect_uris', { redirect_uris: [] }],
  ['redirect_uris.0', { redirect_uris: ['https://app.example/#x'] }],
  ['redirect_uris.0', { redirect_uris: ['javascript:alert(1)'] }],
  ['redirect_uris.0', { redirect_uris: ['http://app.example/cb'] }],
  ['post_logout_redirect_uris.0', { post_logout_redirect_uris: ['data:text/html,x'] }],
  ['backchannel_logout_uri', { backchannel_logout_uri: 'http://app.example/logout' }],
  ['backchannel_logout_uri', { backchannel_logout_uri: 'https://app.example/logout#x' }],
  ['backchannel_logout_uri', { backchannel_logout_uri: 'https://user@app.example/logout' }],
  ['backchannel_logout_uri', { backchannel_logout_uri: 'com.example.app:/logout' }],
  ['backchannel_logout_uri', { backchannel_logout_uri: ['https://app.example/logout'] }],
  ['backchannel_logout_session_required', { backchannel_logout_session_required: 'yes' }],
  ['allowed_origins.0', { allowed_origins: ['https://app.example/'] }],
  ['allowed_origins.0', { allowed_origins: ['*'] }],
  ['allowed_origins.0', { allowed_origins: ['null'] }],
  ['grant_types', { grant_types: [] }],
  ['grant_types.0', { grant_types: ['implicit'] }],
  ['grant_types.0', { grant_types: ['password'] }],
  ['grant_types', { ...confidential, grant_types: ['refresh_token'] }],
  ['grant_types', { grant_types: ['authorization_code', 'client_credentials'] }],
  ['response_types.0', { response_types: ['token'] }],
  ['require_pkce', { require_pkce: false }],
  ['refresh_rotation', { refresh_rotation: false }],
  ['refresh_retry_seconds', { refresh_retry_seconds: 61 }],
  ['refresh_retry_seconds', { ...confidential, refresh_retry_seconds: 1801 }],
  ['refresh_token_lifetime_seconds', { refresh_token_lifetime_seconds: 604_801 }],
  ['access_token_lifetime_seconds', { access_token_lifetime_seconds: 0 }],
  ['scope', { scope: 'a"b' }],
  ['resources.0', { resources: ['relative'] }],
  ['logo_uri', { logo_uri: 'http://app.example/logo.png' }],
  ['logo_uri', { logo_uri: 'javascript:alert(1)' }],
  ['policy_uri', { policy_uri: 'data:text/html,x' }],
  ['client_uri', { client_uri: 'https://user@app.example/' }],
]
for (const [fault, metadata] of BAD) {
  test(`${JSON.stringify(metadata).slice(0, 100)} is refused at ${fault || 'the unknown member'} (RFC 7591 §2, A011)`, () =>
    assert.deepEqual(faultsOf(metadata), [fault]))
}

test('everything that is wrong is told at once', () => {
  assert.deepEqual(faultsOf({ require_pkce: false, refresh_rotation: false, scope: 'a"b' }), [
    'require_pkce',
    'refresh_rotation',
    'scope',
  ])
})
