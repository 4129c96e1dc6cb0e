import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { clientMetadata } from '../../../src/protocol/client-metadata.ts'
import { authorizeUrl, pkce, startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { ask, assertPage, closeClean } from '../front-channel.ts'

suite('attacks on the redirect URI', () => {
  let server: TestServer
  let web: TestClient
  let native: TestClient
  before(async () => {
    server = await startServer()
    web = await server.register({ redirect_uris: ['https://app.example/callback?tenant=1'] })
    native = await server.register({ redirect_uris: ['http://127.0.0.1/callback', 'com.example.app:/callback'] })
  })
  after(() => closeClean(server))

  /** The page, whatever else is right or wrong with the request: an error must not travel to an unproved address either. */
  async function isRefusedOnPage(client: TestClient, redirectUri: string) {
    for (const more of [{}, { prompt: 'none' }, { response_type: 'token' }, { scope: 'nonsense' }]) {
      const answer = await ask(server.browser(), client, { ...more, redirect_uri: redirectUri })
      assertPage(answer, 'invalid_redirect_uri')
      assert.equal(JSON.stringify(answer.headers).includes(redirectUri), false)
    }
  }
  const isTaken = async (client: TestClient, redirect_uri: string) => {
    const answer = await ask(server.browser(), client, { redirect_uri, prompt: 'none' })
    assert.ok(String(answer.headers.location).startsWith(redirect_uri), answer.body)
  }

  for (const suffix of [
    '/../evil',
    '/..;/evil',
    '/./',
    '%2e%2e%2f',
    '/%2e%2e/evil',
    '\\..\\evil',
    '/..%5cevil',
    '%00',
  ]) {
    test(`A001 a redirect URI with ${suffix} behind it gets a page and never a redirect (RFC 9700 §4.1.3)`, async () => {
      await isRefusedOnPage(web, `https://app.example/callback${suffix}`)
      await isRefusedOnPage(web, `${web.redirectUri}${suffix}`)
    })
  }

  for (const fragment of ['#x', '%23x', '#', '?tenant=1#x']) {
    test(`A003 a redirect URI with the fragment ${fragment} gets a page (RFC 6749 §3.1.2)`, () =>
      isRefusedOnPage(web, `${web.redirectUri}${fragment}`))
  }

  test('A003 a redirect URI with a fragment cannot be registered (RFC 6749 §3.1.2)', () => {
    for (const uri of ['https://app.example/callback#x', 'https://app.example/callback#', 'com.example.app:/cb#x']) {
      const result = clientMetadata.safeParse({ client_id: 'c', redirect_uris: [uri] })
      assert.deepEqual(
        result.error?.issues.map(({ path }) => path),
        [['redirect_uris', 0]],
      )
    }
  })

  for (const authority of [
    'app.example@evil.test',
    'app.example:443@evil.test',
    'evil.test@app.example',
    'app.example%40evil.test',
    'app.example\\@evil.test',
    'app.example&@evil.test',
    'app.example%2f@evil.test',
  ]) {
    test(`A004 a redirect URI to ${authority} gets a page (RFC 9700 §4.1.3)`, () =>
      isRefusedOnPage(web, `https://${authority}/callback?tenant=1`))
  }

  test('A006 a loopback redirect URI may use any port, with the exact path (RFC 8252 §7.3)', async () => {
    for (const port of ['', ':1', ':8080', ':65535']) await isTaken(native, `http://127.0.0.1${port}/callback`)
    await isTaken(native, 'com.example.app:/callback')
  })

  for (const uri of [
    'http://127.0.0.1.evil.test/callback',
    'http://localhost.evil.test/callback',
    'http://localhost/callback',
    'http://[::1]/callback',
    'http://127.0.0.2/callback',
    'http://127.1/callback',
    'http://2130706433/callback',
    'http://0x7f000001/callback',
    'http://127.0.0.1:65536/callback',
    'http://127.0.0.1:/callback',
    'http://127.0.0.1:80@evil.test/callback',
    'http://127.0.0.1:80:80/callback',
    'http://127.0.0.1:8080/callback/',
    'http://127.0.0.1:8080/callback/../evil',
    'http://127.0.0.1:8080/Callback',
    'http://127.0.0.1:8080/callback?x=1',
    'https://127.0.0.1/callback',
    'HTTP://127.0.0.1/callback',
    'com.example.app:/callback/x',
    'com.example.app://callback',
    'com.example.app.evil:/callback',
    'COM.EXAMPLE.APP:/callback',
  ]) {
    test(`A006 a native app's redirect URI does not become ${uri} (RFC 8252 §7.3, §8.4)`, () =>
      isRefusedOnPage(native, uri))
  }

  for (const uri of [
    'HTTPS://app.example/callback?tenant=1',
    'https://APP.example/callback?tenant=1',
    'https://app.example/Callback?tenant=1',
    'https://app.example:443/callback?tenant=1',
    'https://app.example:8443/callback?tenant=1',
    'http://app.example/callback?tenant=1',
    'https://app.example./callback?tenant=1',
    'https://app.example/callback/?tenant=1',
    'https://app.example//callback?tenant=1',
    'https://app.example/callback',
    'https://app.example/callback?',
    'https://app.example/callback?tenant=2',
    'https://app.example/callback?tenant=1&x=2',
    'https://app.example/callback?x=2&tenant=1',
    'https://app.example/callback?tenant=%31',
    'https://app.example/c%61llback?tenant=1',
    'https://app-example/callback?tenant=1',
    'https://app.example.evil.test/callback?tenant=1',
    'https://sub.app.example/callback?tenant=1',
    'https:/app.example/callback?tenant=1',
    '//app.example/callback?tenant=1',
    '/callback?tenant=1',
    ' https://app.example/callback?tenant=1',
    'https://app.example/callback?tenant=1 ',
    'https://app.example/callback?tenant=1\r\nx: y',
    'https://аpp.example/callback?tenant=1',
    '*',
  ]) {
    test(`A009 ${JSON.stringify(uri)} is not the registered address (RFC 9700 §4.1.3)`, () => isRefusedOnPage(web, uri))
  }

  test('A009 the answer keeps what the registered address already has in its query (RFC 6749 §3.1.2)', async () => {
    const answer = await ask(server.browser(), web, { prompt: 'none' })
    assert.match(String(answer.headers.location), /^https:\/\/app\.example\/callback\?tenant=1&error=login_required&/)
  })

  for (const scheme of [
    'javascript:alert(1)',
    'JaVaScript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://app.example/x',
    'view-source:https://app.example/',
    'about:blank',
    'http://app.example/x',
    'https:/x',
    '\tjavascript:alert(1)',
  ]) {
    test(`A011 ${JSON.stringify(scheme)} is refused as an address, and cannot be registered as one (RFC 9700 §4.1.3)`, async () => {
      await isRefusedOnPage(web, scheme)
      const faults = clientMetadata.safeParse({
        client_id: 'c',
        redirect_uris: [scheme],
        post_logout_redirect_uris: [scheme],
        backchannel_logout_uri: scheme,
        client_uri: scheme,
        logo_uri: scheme,
        policy_uri: scheme,
        tos_uri: scheme,
      })
      assert.deepEqual(
        new Set(faults.error?.issues.map(({ path }) => path[0])),
        new Set([
          'redirect_uris',
          'post_logout_redirect_uris',
          'backchannel_logout_uri',
          'client_uri',
          'logo_uri',
          'policy_uri',
          'tos_uri',
        ]),
      )
    })
  }

  test('A014 an unknown client, a disabled one and a malformed id get one and the same page (RFC 6749 §4.1.2.1)', async () => {
    const disabled = await server.register({ disabled: true })
    const pages = []
    for (const client_id of ['nobody', disabled.clientId, '../x', "' or 1=1 --", 'x'.repeat(5000), undefined, '']) {
      const answer = await ask(server.browser(), web, { client_id })
      assertPage(answer, 'unknown_client')
      pages.push(answer.body.replace(/<dd><code id="request-id".*?<\/dd>|<time.*?<\/time>/g, ''))
    }
    assert.equal(new Set(pages).size, 1)
  })

  test('A014 a missing redirect URI is never filled in, with one registered or with two (OIDC Core §3.1.2.1)', async () => {
    for (const client of [web, native]) {
      assertPage(await ask(server.browser(), client, { redirect_uri: undefined }), 'invalid_redirect_uri')
      assertPage(await ask(server.browser(), client, { redirect_uri: '' }), 'invalid_redirect_uri')
    }
  })

  test("A014 another client's address is as good as none (RFC 9700 §4.1.3)", async () => {
    await isRefusedOnPage(web, native.redirectUri)
    const url = authorizeUrl(web, pkce().challenge, { redirect_uri: 'com.example.app:/callback' })
    assertPage(
      await server
        .browser()
        .postFromElsewhere('/authorize', {})
        .then(() => server.browser().get(url)),
      'invalid_redirect_uri',
    )
  })
})
