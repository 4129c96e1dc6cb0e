import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resourceMetadata } from '../../src/resource-server/index.ts'

const servers = { authorization_servers: ['https://id.example.com'] }

test('the document stands between host and path of the identifier (RFC 9728 §3.1)', () => {
  const table = [
    ['https://api.example.com', 'https://api.example.com/.well-known/oauth-protected-resource'],
    ['https://api.example.com/', 'https://api.example.com/.well-known/oauth-protected-resource'],
    ['https://api.example.com/v1', 'https://api.example.com/.well-known/oauth-protected-resource/v1'],
    ['https://api.example.com:8443/a/?t=1', 'https://api.example.com:8443/.well-known/oauth-protected-resource/a/?t=1'],
    ['http://localhost:4000/x', 'http://localhost:4000/.well-known/oauth-protected-resource/x'],
  ] as const
  for (const [resource, url] of table) {
    const published = resourceMetadata({ resource, ...servers })
    assert.deepEqual([published.url, `${new URL(url).origin}${published.path}`], [url, url])
  }
})

test('the document says what it was given, and that tokens come in the header (RFC 9728 §2)', () => {
  const resource = 'https://api.example.com'
  const { document } = resourceMetadata({
    resource,
    ...servers,
    scopes_supported: ['orders:read'],
    resource_name: 'Orders',
  })
  assert.deepEqual(document, {
    resource,
    ...servers,
    scopes_supported: ['orders:read'],
    resource_name: 'Orders',
    bearer_methods_supported: ['header'],
  })
})

test('an identifier that is no https URL, or has a fragment, is refused (RFC 9728 §1.2)', () => {
  for (const resource of [
    'http://api.example.com',
    'https://api.example.com/#x',
    'https://api.example.com/#',
    'urn:x',
    'x',
  ])
    assert.throws(() => resourceMetadata({ resource, ...servers }), TypeError, resource)
})
