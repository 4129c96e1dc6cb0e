import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { BrowserSession } from '../../support/browser-session.ts'
import { formsOf } from '../../support/browser-session.ts'
import { startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { ask, assertPage, assertRefused, closeClean, elementsOf, signedInBrowser } from '../front-channel.ts'

suite('attacks on answers by form', () => {
  let server: TestServer
  let client: TestClient
  let browser: BrowserSession
  before(async () => {
    server = await startServer()
    client = await server.register({ redirect_uris: ['https://app.example/callback?a=1&b=2'] })
    browser = await signedInBrowser(server, client, await server.makeUser())
  })
  after(() => closeClean(server))

  const MARKUP = `"><script>alert(1)</script><img src=x onerror=alert(1)>'"</form><form action=//evil.test>&amp;`

  for (const [what, state] of [
    ['markup', MARKUP],
    ['2048 characters of markup', MARKUP.repeat(30).slice(0, 2048)],
    ['an entity', '&quot;&#34;&lt;script&gt;'],
  ] as const) {
    test(`A018 a state of ${what} stays one value of one field (OAuth 2.0 Form Post Response Mode §2, §5)`, async () => {
      for (const more of [{}, { scope: 'nonsense' }]) {
        const page = await ask(browser, client, { response_mode: 'form_post', prompt: 'none', state, ...more })
        assert.equal(page.statusCode, 200)
        assert.equal(page.headers.location, undefined)
        const [form, ...others] = formsOf(page.body)
        assert.deepEqual(others, [])
        assert.equal(form?.action, client.redirectUri)
        assert.equal(form?.fields.state, state)
        assert.equal(form?.fields.iss, server.config.issuer)
        assert.equal('code' in (form?.fields ?? {}), !('scope' in more))
        const elements = elementsOf(page.body)
        assert.deepEqual(
          elements.filter(({ name }) => name === 'img'),
          [],
        )
        const scripts = elements.filter(({ name }) => name === 'script')
        assert.deepEqual(
          scripts.map(({ attributes }) => attributes.get('src')?.startsWith('/assets/form-post.js')),
          [true],
        )
        assert.equal(
          elements.some(({ attributes }) => [...attributes.keys()].some((name) => name.startsWith('on'))),
          false,
        )
        assert.equal(page.headers['cache-control'], 'no-store')
        assert.equal(page.headers['x-frame-options'], 'DENY')
        const policy = String(page.headers['content-security-policy'])
        assert.match(policy, /script-src 'self';/)
        assert.match(policy, /frame-ancestors 'none'/)
        assert.match(policy, /form-action 'self' https:\/\/app\.example$/)
      }
    })
  }

  test('A018 a state with line breaks is refused, in the form and not in a header (RFC 6749 appendix A.5)', async () => {
    const page = await ask(browser, client, { response_mode: 'form_post', prompt: 'none', state: 'a\r\nx-injected: 1' })
    const [form] = formsOf(page.body)
    assert.deepEqual(
      { error: form?.fields.error, state: form?.fields.state, code: form?.fields.code },
      { error: 'invalid_request', state: undefined, code: undefined },
    )
    assert.equal(page.headers['x-injected'], undefined)
  })

  test('A018 an address that is not registered gets a page and no form (RFC 9700 §4.1.3)', async () => {
    const page = await ask(browser, client, { response_mode: 'form_post', redirect_uri: 'https://evil.test/' })
    assertPage(page, 'invalid_redirect_uri')
    assert.deepEqual(formsOf(page.body), [])
  })

  test("A018 no form is ever aimed at an app's own scheme (RFC 8252 §7.1)", async () => {
    const native = await server.register({ redirect_uris: ['com.example.app:/callback'] })
    for (const more of [{}, { prompt: 'none' }, { scope: 'nonsense' }]) {
      const answer = await ask(browser, native, { response_mode: 'form_post', ...more })
      assertRefused(answer, { client: native, server, error: 'invalid_request' })
    }
  })
})
