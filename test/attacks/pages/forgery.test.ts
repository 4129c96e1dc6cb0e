import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { digestOf } from '../../../src/base/digest.ts'
import { mailLinkEvent } from '../../../src/telemetry/audit.ts'
import { newestLink } from '../../mail/mails.ts'
import { type BrowserSession, formsOf } from '../../support/browser-session.ts'
import { startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { codeFor, enrolled, nextStep, secretIn, withPassword } from '../codes/authenticator.ts'
import { arrive, assertPage, closeClean, rowsOf, signedInBrowser, signIn, type TestUser } from '../front-channel.ts'

/** A page of ours with a form, in the browser that opened it, and the fields that would make it do its work. */
interface Target {
  readonly browser: BrowserSession
  readonly page: LightMyRequestResponse
  readonly action: string
  readonly csrf: string
  readonly fields: Readonly<Record<string, string>>
}

suite('forged posts', () => {
  let server: TestServer
  let client: TestClient
  let user: TestUser
  /** Has an authenticator. */
  let owner: TestUser
  let secret: string
  before(async () => {
    server = await startServer({ SMTP_URL: 'smtp://127.0.0.1:1' })
    client = await server.register({})
    user = await server.makeUser()
    const link = { purpose: 'first-administrator', data: {} } as const
    await server.deps.store.actionTokens.add(digestOf('al_administrator'), link, 3600)
    const factored = await enrolled(server)
    owner = factored.user
    secret = factored.secret
    const proof = { digest: digestOf('ve_proof'), purpose: 'verification', data: { email: user.email } } as const
    const { db } = server.database
    await db.updateTable('user').set({ email_verified: false }).where('id', '=', user.id).execute()
    await server.deps.store.mailLinks.addEmailLink(
      user.id,
      { ...proof, lifetimeSeconds: 86_400 },
      [],
      mailLinkEvent(
        server.deps,
        'email.verification_requested',
        { address: '', userAgent: '', requestId: '' },
        user.id,
      ),
    )
    await server.deps.store.actionTokens.add(digestOf('al_invitation'), { purpose: 'invitation', data: {} }, 3600)
  })
  after(() => closeClean(server))

  const target = (
    browser: BrowserSession,
    page: LightMyRequestResponse,
    action: string,
    fields: Target['fields'],
  ): Target => {
    const form = formsOf(page.body).find((each) => each.action.startsWith(action))
    assert.ok(form, `${action}: ${page.body}`)
    return { browser, page, action: form.action, csrf: form.fields.csrf ?? '', fields }
  }
  const account = { username: 'a_newcomer', email: 'new@mail.example', password: 'Correct-Horse-7-Staple!' }

  const TARGETS: Readonly<Record<string, () => Promise<Target>>> = {
    'sign in': async () => {
      const browser = server.browser()
      return target(browser, await arrive(browser, client), '/login', {
        username: user.username,
        password: user.password,
      })
    },
    'sign up': async () => {
      const browser = server.browser()
      return target(browser, await arrive(browser, client, { prompt: 'create' }), '/signup', account)
    },
    'sign up by invitation': async () => {
      const browser = server.browser()
      return target(browser, await browser.get('/signup?invitation=al_invitation'), '/signup', account)
    },
    consent: async () => {
      const browser = server.browser()
      const page = await signIn(browser, await arrive(browser, client, { prompt: 'consent' }), user)
      return target(browser, page, '/consent?', { decision: 'allow' })
    },
    'another account': async () => {
      const browser = server.browser()
      const page = await signIn(browser, await arrive(browser, client, { prompt: 'consent' }), user)
      return target(browser, page, '/consent/switch', {})
    },
    'sign out': async () => {
      const browser = await signedInBrowser(server, client, user)
      return target(browser, await browser.get('/logout'), '/logout', { decision: 'allow' })
    },
    'first administrator': async () => {
      const browser = server.browser()
      const page = await browser.get('/first-administrator?token=al_administrator')
      return target(browser, page, '/first-administrator', account)
    },
  }

  /** A form of the account, filled in by who has just signed in for it. */
  const ofAccount = (path: string, action: string, fields: () => Target['fields']) => async (): Promise<Target> => {
    const { browser, page } = await withPassword(server, user, { path })
    assert.equal(page.statusCode, 200)
    return target(browser, page, action, fields())
  }
  const begun = async () => {
    const { browser, page: start } = await withPassword(server, user, { path: '/account/second-factor/new' })
    return { browser, scan: await browser.follow(await browser.submit(start, { name: 'Phone' })) }
  }
  const OF_ACCOUNT: typeof TARGETS = {
    profile: ofAccount('/account/profile', '/account/profile', () => ({ name: 'Mallory' })),
    password: ofAccount('/account/password', '/account/password', () => ({
      current: user.password,
      password: 'Another-Horse-8-Staple!',
    })),
    'e-mail': ofAccount('/account/email', '/account/email', () => ({ email: 'mallory@mail.example' })),
    sessions: ofAccount('/account/sessions', '/account/sessions', () => ({ do: 'end-all' })),
    apps: async () => {
      const browser = await signedInBrowser(server, client, user)
      const fields = { do: 'revoke', id: client.clientId }
      return target(browser, await browser.get('/account/apps'), '/account/apps', fields)
    },
    'sign out of the account': ofAccount('/account', '/account/sign-out', () => ({})),
    'delete the account': ofAccount('/account/delete', '/account/delete', () => ({
      username: user.username,
      password: user.password,
    })),
    'begin an authenticator': ofAccount('/account/second-factor/new', '/account/second-factor/new', () => ({
      name: 'Mallory',
    })),
    'confirm an authenticator': async () => {
      const { browser, scan } = await begun()
      const code = codeFor(server, secretIn(scan.body))
      return target(browser, scan, '/account/second-factor/confirm', { code })
    },
  }
  const OF_MAIL_AND_CODES: typeof TARGETS = {
    'ask for a new password': async () => {
      const browser = server.browser()
      return target(browser, await browser.get('/forgot-password'), '/forgot-password', { login: user.email })
    },
    'set a new password': async () => {
      const browser = server.browser()
      await browser.submit(await browser.get('/forgot-password'), { login: owner.email })
      const page = await browser.get(await newestLink(server.deps, owner.email, 'reset-password'))
      return target(browser, page, '/reset-password', { password: 'Another-Horse-8-Staple!' })
    },
    'prove an address': async () => {
      const browser = server.browser()
      const page = await browser.get('/verify-email?token=ve_proof')
      return target(browser, page, '/verify-email', {})
    },
    'second factor': async () => {
      nextStep(server)
      const { browser, page } = await withPassword(server, owner)
      return target(browser, page, '/second-factor', { code: codeFor(server, secret) })
    },
  }
  Object.assign(TARGETS, OF_MAIL_AND_CODES, OF_ACCOUNT)

  /** All that a post could change. */
  const state = async () => {
    const rows = { user: 0, session: 0, consent: 0, authorization_code: 0 }
    for (const table of ['user', 'session', 'consent', 'authorization_code'] as const)
      rows[table] = await rowsOf(server, table)
    const ended = await server.database.db
      .selectFrom('session')
      .select('id')
      .where('ended_at', 'is not', null)
      .execute()
    const factors = await server.database.db.selectFrom('totp').select('id').execute()
    const links = await server.database.db.selectFrom('action_token').select('digest').execute()
    return {
      ...rows,
      factors: factors.length,
      links: links.length,
      ended: ended.length,
      audited: (await server.audited()).length,
    }
  }

  const FOREIGN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'an Origin of elsewhere': { origin: 'https://evil.test' },
    'the Origin null': { origin: 'null' },
    'an Origin in capitals': { origin: 'HTTPS://GATE.EXAMPLE' },
    'an Origin that begins like ours': { origin: 'https://gate.example.evil.test' },
    'an Origin that ends like ours': { origin: 'https://evil-gate.example' },
    'our Origin over http': { origin: 'http://gate.example' },
    'our Origin at another port': { origin: 'https://gate.example:8443' },
    'our Origin with a path': { origin: 'https://gate.example/' },
    "an Origin of a neighbour's": { origin: 'https://neighbour.gate.example' },
    'no Origin and Sec-Fetch-Site cross-site': { 'sec-fetch-site': 'cross-site' },
    'no Origin and Sec-Fetch-Site same-site': { 'sec-fetch-site': 'same-site' },
    'no Origin and Sec-Fetch-Site none': { 'sec-fetch-site': 'none' },
    'neither Origin nor Sec-Fetch-Site': {},
    'no Origin, and a Referer of ours': { referer: 'https://gate.example/login' },
    'the Origin null and Sec-Fetch-Site same-origin': { origin: 'null', 'sec-fetch-site': 'same-origin' },
  }

  /** A post with the cookies of the target's browser, from wherever the headers say. */
  const post = (
    { browser, action }: Target,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
  ) =>
    server.app.inject({
      method: 'POST',
      url: action,
      remoteAddress: '198.51.100.9',
      headers: {
        host: 'gate.example',
        'content-type': 'application/x-www-form-urlencoded',
        cookie: [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; '),
        ...headers,
      },
      payload: new URLSearchParams(fields).toString(),
    })
  const OURS = { origin: 'https://gate.example', 'sec-fetch-site': 'same-origin' }

  for (const [name, open] of Object.entries(TARGETS)) {
    test(`A096 ${name}: a post from elsewhere is refused, and changes nothing (design.md §5.5)`, async () => {
      const at = await open()
      const before = await state()
      for (const [what, headers] of Object.entries(FOREIGN)) {
        const answer = await post(at, { csrf: at.csrf, ...at.fields }, headers)
        assert.equal(answer.statusCode, 403, what)
        assertPage(answer, 'forgery', 403)
        assert.equal(answer.headers['set-cookie'], undefined)
      }
      assert.deepEqual(await state(), before)
    })

    test(`A096 ${name}: a post with no token, or not its own, is refused, and changes nothing (design.md §5.5)`, async () => {
      const at = await open()
      const strangers = await open()
      const before = await state()
      const others = await Promise.all(
        Object.entries(TARGETS)
          .filter(([each]) => each !== name)
          .map(([, each]) => each()),
      )
      const middle = await state()
      const tokens = [
        '',
        'x',
        at.csrf.slice(0, -1),
        `${at.csrf}A`,
        at.csrf.toLowerCase(),
        strangers.csrf,
        ...others.map(({ csrf }) => csrf),
      ]
      for (const csrf of tokens) {
        assertPage(await post(at, { ...at.fields, csrf }, OURS), 'forgery', 403)
      }
      assertPage(await post(at, at.fields, OURS), 'forgery', 403)
      assert.deepEqual(await state(), middle)
      assert.equal(before.user, middle.user)
    })

    test(`A096 ${name}: a token is worth nothing without its browser's cookie (design.md §5.5)`, async () => {
      const at = await open()
      const strangers = await open()
      const before = await state()
      for (const browser of [server.browser(), strangers.browser]) {
        const answer = await post({ ...at, browser }, { csrf: at.csrf, ...at.fields }, OURS)
        const isAsked = answer.statusCode === 303 && String(answer.headers.location).startsWith('/interaction?id=')
        assert.ok(answer.statusCode === 403 || (isAsked && name in OF_ACCOUNT), name) // who is nobody is asked to sign in
      }
      assert.deepEqual(await state(), before)
    })

    test(`A096 ${name}: the fields in the query, in JSON or in a multipart body are not a form (design.md §5.5)`, async () => {
      const at = await open()
      const before = await state()
      const query = new URLSearchParams({ csrf: at.csrf, ...at.fields }).toString()
      const inQuery = await post(
        { ...at, action: `${at.action}${at.action.includes('?') ? '&' : '?'}${query}` },
        {},
        OURS,
      )
      assert.ok([303, 403].includes(inQuery.statusCode))
      for (const type of [
        'application/json',
        'multipart/form-data; boundary=x',
        'text/plain',
        'application/x-www-form-urlencoded\t',
        'application/x-www-form-urlencoded; charset=utf-7',
      ]) {
        const answer = await post(at, { csrf: at.csrf, ...at.fields }, { ...OURS, 'content-type': type })
        assert.equal(answer.statusCode, 400, type)
      }
      assert.deepEqual(await state(), before)
    })
  }

  test('A096 the same posts do their work when they come from our own pages (design.md §5.5)', async () => {
    const harmless = ['profile', 'e-mail', 'sessions', 'apps', 'sign out of the account']
    const byMail = ['ask for a new password', 'prove an address', 'second factor', 'set a new password']
    for (const name of ['sign in', 'consent', 'sign out', 'sign up', ...harmless, ...byMail]) {
      const at = await TARGETS[name]!()
      const before = await state()
      const answer = await post(at, { csrf: at.csrf, ...at.fields }, { 'sec-fetch-site': 'same-origin' })
      assert.ok([200, 303].includes(answer.statusCode), name)
      assert.notDeepEqual(await state(), before)
    }
  })

  test('A096 nothing but authorize and logout answers a GET with a change (RFC 9110 §9.2.1)', async () => {
    const browser = await signedInBrowser(server, client, user)
    const page = await arrive(browser, client, { prompt: 'consent' })
    const form = formsOf(page.body)[0]
    const before = await state()
    const query = new URLSearchParams({ ...form?.fields, decision: 'allow' })
    await browser.get(`${form?.action}&${query}`)
    await browser.get(`/logout?decision=allow&${query}`)
    assert.equal((await browser.get(`/consent/switch?${query}`)).statusCode, 405)
    assert.deepEqual(await state(), before)
  })
})
