import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRegistrableRedirectUri, matchesRegistered, originsOf } from '../../src/protocol/redirect-uri.ts'

const REGISTRABLE = [
  'https://app.example/cb',
  'https://app.example',
  'https://app.example:8443/cb?tenant=a&b',
  'https://[2001:db8::1]/cb',
  'http://127.0.0.1/cb',
  'http://127.0.0.1:8080/cb',
  'http://[::1]:9000/cb',
  'http://localhost/cb',
  'http://localhost:3000',
  'com.example.app:/cb',
  'com.example.app://cb',
]
const NOT_REGISTRABLE = [
  '',
  '/cb',
  'app.example/cb',
  'http://app.example/cb',
  'http://127.0.0.2/cb',
  'http://127.0.0.1.evil.test/cb',
  'http://localhost.evil.test/cb',
  'http://localhost@evil.test/cb',
  'http://127.0.0.1:99999/cb',
  'http://127.0.0.1:*/cb',
  'http://0.0.0.0/cb',
  'http://[::]/cb',
  'https://app.example/cb#',
  'https://app.example/cb#fragment',
  'https://user@app.example/cb',
  'https://user:password@app.example/cb',
  'https://app.example@evil.test/cb',
  'https:app.example/cb',
  'https:/app.example/cb',
  'https://app.example./cb',
  'https://app.example\\@evil.test/cb',
  'https://app.example/cb with space',
  'https://app.example/cb\n',
  'https://app.example/"onload="x',
  'https://bücher.example/cb',
  'https://*.app.example/<cb>',
  'javascript:alert(1)',
  'JaVaScript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/passwd',
  'blob:https://app.example/x',
  'about:blank',
  'myapp:/cb',
  'myapp://cb',
  `https://app.example/${'a'.repeat(2048)}`,
]

for (const uri of REGISTRABLE) {
  test(`${uri} may be registered (RFC 6749 §3.1.2, RFC 8252 §7)`, () =>
    assert.equal(isRegistrableRedirectUri(uri), true))
}
for (const uri of NOT_REGISTRABLE) {
  test(`${JSON.stringify(uri.slice(0, 60))} may not be registered (RFC 6749 §3.1.2, RFC 8252 §8.4)`, () =>
    assert.equal(isRegistrableRedirectUri(uri), false))
}

test('a sent address is the registered one to the byte (RFC 9700 §4.1.3)', () => {
  const inserted = fc.string({ minLength: 1, maxLength: 3 }).filter((text) => !/\d/.test(text))
  fc.assert(
    fc.property(fc.constantFrom(...REGISTRABLE), fc.nat(60), inserted, (uri, at, more) => {
      assert.equal(matchesRegistered([uri], uri), true)
      assert.equal(matchesRegistered([uri], uri.slice(0, at) + more + uri.slice(at)), false)
    }),
    { numRuns: 2000 },
  )
})

test('the port of a loopback address may vary, and nothing else of it (RFC 8252 §7.3)', () => {
  for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
    const registered = [`http://${host}/cb`]
    for (const port of ['', ':1', ':8080', ':65535'])
      assert.equal(matchesRegistered(registered, `http://${host}${port}/cb`), true)
    for (const sent of [
      `http://${host}:65536/cb`,
      `http://${host}:/cb`,
      `http://${host}:*/cb`,
      `http://${host}:-1/cb`,
      `http://${host}:80a/cb`,
      `http://${host}:8080`,
      `http://${host}:8080/cb/`,
      `http://${host}:8080/cb?x`,
      `http://${host}:8080@evil.test/cb`,
      `http://${host}.evil.test/cb`,
      `http://${host}:80.evil.test/cb`,
      `https://${host}:8080/cb`,
      `HTTP://${host}:8080/cb`,
    ]) {
      assert.equal(matchesRegistered(registered, sent), false, sent)
    }
  }
  assert.equal(matchesRegistered(['http://localhost/cb'], 'http://127.0.0.1/cb'), false)
  assert.equal(matchesRegistered(['https://app.example/cb'], 'https://app.example:8443/cb'), false)
})

test('whatever matches a registered address leads a browser to the very host of it (RFC 9700 §4.1.3)', () => {
  const sent = fc.oneof(
    fc.webUrl(),
    fc.tuple(fc.constantFrom(...REGISTRABLE), fc.string()).map(([uri, tail]) => uri + tail),
    fc
      .tuple(
        fc.constantFrom('http://127.0.0.1:', 'http://[::1]:', 'http://localhost:'),
        fc.string(),
        fc.constantFrom('/cb', ''),
      )
      .map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(sent, (uri) => {
      if (!matchesRegistered(REGISTRABLE, uri)) return
      const hosts = REGISTRABLE.map((each) => new URL(each).hostname)
      assert.ok(URL.canParse(uri) && hosts.includes(new URL(uri).hostname), uri)
    }),
    { numRuns: 2000 },
  )
})

test('the origins of a client are those of its web addresses, each once (Fetch §3.2)', () => {
  assert.deepEqual(
    originsOf(['https://a.example/x', 'https://a.example/y', 'http://localhost:3000/cb', 'com.example.app:/cb']),
    ['https://a.example', 'http://localhost:3000'],
  )
})
