import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { codeFor, nextStep, secretIn, withPassword } from '../codes/authenticator.ts'
import { arrive, ask, closeClean, elementsOf, isConsentPage, signIn, type TestUser } from '../front-channel.ts'

const HOSTILE = [
  '"><script>alert(1)</script>',
  `'><img src=x onerror=alert(1)>`,
  '</title><script>alert(1)</script>',
  '</textarea></form><form action=https://evil.test>',
  'javascript:alert(1)',
  '" autofocus onfocus="alert(1)',
  '" formaction="https://evil.test',
  '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}',
  '<!--',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '<svg/onload=alert(1)>',
  '{client}',
  '<base href=https://evil.test>',
  '<meta http-equiv=refresh content=0>',
  '\u202egnp.exe',
] as const

suite('markup in whatever reaches a page', () => {
  let server: TestServer
  let client: TestClient
  let user: TestUser
  before(async () => {
    server = await startServer()
    client = await server.register({})
    user = await server.makeUser()
  })
  after(() => closeClean(server))

  /** The tree of a page without its texts and values: what a hostile value must not change. */
  const shapeOf = (page: LightMyRequestResponse) =>
    elementsOf(page.body).map(({ name, attributes }) => {
      const steering = ['href', 'src', 'action', 'type', 'id', 'name', 'class', 'rel', 'dir']
      const kept = [...attributes].filter(([key]) => steering.includes(key))
      return [
        name,
        [...attributes.keys()].sort(),
        kept.map(([key, value]) => `${key}=${value.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|al_\w+/g, 'ID')}`),
      ]
    })

  const PARAMETERS = [
    'login_hint',
    'state',
    'nonce',
    'ui_locales',
    'acr_values',
    'anything',
    'error',
    'error_description',
    'display',
    'claims_locales',
  ]

  for (const hostile of HOSTILE) {
    test(`A102 ${JSON.stringify(hostile)} in a parameter leaves the sign-in page as it is (ASVS 1.2.1)`, async () => {
      for (const name of PARAMETERS) {
        const honest = await arrive(server.browser(), client, { [name]: 'harmless' })
        const page = await arrive(server.browser(), client, { [name]: hostile })
        if (name === 'state' && hostile.includes('\u202e')) continue // no state at all, and no page
        assert.deepEqual(shapeOf(page), shapeOf(honest), name)
      }
    })

    test(`A102 ${JSON.stringify(hostile)} in the name of an app or of a scope stays text (ASVS 1.2.1)`, async () => {
      const identifier = `https://api-${HOSTILE.indexOf(hostile)}.example/`
      const scope = `read${HOSTILE.indexOf(hostile)}`
      const plain = async (text: string) => {
        await server.registerResource({ identifier, name: text, scopes: { [scope]: text }, introspectionClients: [] })
        server.clock.advance(6)
        const named = await server.register({
          client_name: text.replaceAll('\u202e', ''), // marks that turn text are refused in a name
          scope: `openid ${scope}`,
          resources: [identifier],
        })
        const browser = server.browser()
        const signInPage = await arrive(browser, named, { scope: `openid ${scope}` })
        const consent = await signIn(browser, signInPage, user)
        assert.ok(isConsentPage(consent))
        const pages = [signInPage, consent, await ask(browser, named, { redirect_uri: 'https://evil.test/' })]
        const shapes = pages.map(shapeOf)
        return JSON.stringify(shapes).replaceAll(named.clientId, 'CLIENT')
      }
      assert.equal(await plain(hostile), await plain('Harmless'))
    })

    test(`A102 ${JSON.stringify(hostile)} typed into a form comes back as its value (ASVS 1.2.1)`, async () => {
      const browser = server.browser()
      const form = await arrive(browser, client)
      const refused = (username: string) => browser.submit(form, { username, password: hostile })
      const page = await refused(hostile)
      assert.deepEqual(shapeOf(page), shapeOf(await refused('harmless')))
      const field = elementsOf(page.body).find(({ attributes }) => attributes.get('name') === 'username')
      assert.equal(field?.attributes.get('value'), hostile.trim())
      const passwords = elementsOf(page.body).filter(({ attributes }) => attributes.get('type') === 'password')
      assert.deepEqual(
        passwords.map(({ attributes }) => attributes.get('value')),
        [undefined],
      )
      const signUp = await arrive(browser, client, { prompt: 'create' })
      const again = (text: string) => browser.submit(signUp, { username: text, email: text, password: 'x' })
      assert.deepEqual(shapeOf(await again(hostile)), shapeOf(await again('harm less')))
    })
  }

  for (const hostile of HOSTILE) {
    test(`A102 ${JSON.stringify(hostile)} in a profile, an authenticator's name or a user agent stays text in the account (ASVS 1.2.1)`, async () => {
      const pagesWith = async (text: string) => {
        const person = await server.makeUser()
        const browser = server.browser()
        const agent = text.replaceAll(/[^\x20-\x7e]/g, '')
        const form = await browser.follow(await browser.get('/account/profile'))
        const [, action = ''] = /action="(\/login[^"]*)"/.exec(form.body) ?? []
        const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(form.body) ?? []
        const { username, password } = person
        const fields = { csrf, username, password }
        await browser.follow(await browser.post(action, fields, { 'user-agent': agent }))
        const profile = await browser.get('/account/profile')
        await browser.submit(profile, { name: text, given_name: text, family_name: text, nickname: text })
        const start = await browser.get('/account/second-factor/new')
        const scan = await browser.follow(await browser.submit(start, { name: text }))
        const codes = await browser.follow(await browser.submit(scan, { code: codeFor(server, secretIn(scan.body)) }))
        await browser.submit(codes, { saved: 'yes' })
        const address = await browser.submit(await browser.get('/account/email'), { email: text })
        const shown = [scan, address]
        for (const path of ['', '/profile', '/second-factor', '/sessions', '/apps', '/data', '/delete?done=<b>']) {
          const page = await browser.get(`/account${path}`)
          assert.equal(page.statusCode, 200, path)
          shown.push(page)
        }
        nextStep(server)
        shown.push((await withPassword(server, person)).page)
        const waiting = await browser.get('/account/data.json')
        assert.match(String(waiting.headers['content-type']), /^application\/json/)
        return shown.map((page) => JSON.stringify(shapeOf(page)).replaceAll(/href=otpauth:[^"]+/g, 'OTPAUTH'))
      }
      const [odd, plain] = [await pagesWith(hostile), await pagesWith('Harmless')]
      for (const [place, shape] of odd.entries()) assert.equal(shape, plain[place], String(place))
    })
  }

  test('A102 a hostile user agent, language, origin or referrer reaches no page (ASVS 1.2.1)', async () => {
    const honest = await arrive(server.browser(), client)
    for (const hostile of HOSTILE.filter((text) => /^[\x20-\x7e]+$/.test(text))) {
      const browser = server.browser()
      const headers = {
        'user-agent': hostile,
        'accept-language': hostile,
        referer: hostile,
        accept: `text/html, ${hostile}`,
      }
      const first = await browser.get(String((await ask(browser, client)).headers.location), { headers })
      const page = await browser.get(String(first.headers.location), { headers })
      assert.deepEqual(shapeOf(page), shapeOf(honest))
      assert.equal(page.body.includes('alert(1)'), false)
    }
  })

  test('A102 a user name that older rules let in is text on the consent and sign-out pages (ASVS 1.2.1)', async () => {
    const odd = await server.makeUser()
    const username = `"><script>alert(1)</script>`
    await server.database.db.updateTable('user').set({ username }).where('id', '=', odd.id).execute()
    const browser = server.browser()
    const fresh = await server.register({})
    const pages = [await signIn(browser, await arrive(browser, fresh), odd), await browser.get('/logout')]
    for (const page of pages) {
      assert.equal(page.statusCode, 200)
      assert.equal(page.body.includes('<script>alert'), false)
      assert.ok(page.body.includes('&lt;script&gt;alert(1)'))
      const scripts = elementsOf(page.body).filter(({ name }) => name === 'script')
      assert.equal(
        scripts.every(({ attributes }) => attributes.get('src')?.startsWith('/assets/')),
        true,
      )
    }
  })
})
