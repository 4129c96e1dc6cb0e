import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import pg from 'pg'
import { digestOf } from '../../src/base/digest.ts'
import { formsOf } from '../support/browser-session.ts'
import { ADA, CALLBACK, DECLARED, ORDERS, SECRETS, SIGNED_OUT, visit } from '../support/journey.ts'
import { type Asked, askedThrough, type LoneServer, postern, type Question, startAlone } from '../support/processes.ts'
import { pkce, type Tokens } from '../support/server.ts'

/** Fields of forms, answers and addresses whose values nobody but their owner may ever see. */
const SECRET_FIELDS =
  /^(?:code|code_verifier|password|csrf|restart|client_secret|token|(?:access|refresh|id)_token|id_token_hint|invitation)$/
const SHORTEST = 8

/** Listens to everything that goes over the wire, and keeps what is secret of it. */
function overhearing(server: LoneServer['server'], issuer: string) {
  const secrets = new Map<string, string>()
  const keep = (kind: string, value: unknown): void => {
    if (typeof value === 'string' && value.length >= SHORTEST) secrets.set(value, kind)
  }
  const keepPairs = (text: string): void => {
    for (const [name, value] of new URLSearchParams(text)) if (SECRET_FIELDS.test(name)) keep(name, value)
  }
  const keepCookies = (text: string): void => {
    for (const pair of text.split('; '))
      if (/^(?:session|browser)/.test(pair)) keep('cookie', pair.slice(pair.indexOf('=') + 1))
  }
  function hearQuestion({ url, headers = {}, payload = '' }: Question): void {
    keepPairs(url.slice(url.indexOf('?') + 1))
    keepPairs(payload)
    keepCookies(headers.cookie ?? '')
    const [scheme = '', credentials = ''] = (headers.authorization ?? '').split(' ')
    keep('authorization', credentials)
    if (scheme === 'Basic') keep('client secret', Buffer.from(credentials, 'base64').toString().split(':')[1])
  }
  function hearAnswer({ headers, body }: LightMyRequestResponse): void {
    for (const line of [headers['set-cookie'] ?? []].flat()) keepCookies(line.split('; ')[0] ?? '')
    if (typeof headers.location === 'string' && headers.location.includes('?'))
      keepPairs(headers.location.slice(headers.location.indexOf('?') + 1))
    if (body.startsWith('{'))
      for (const [name, value] of Object.entries(JSON.parse(body))) if (SECRET_FIELDS.test(name)) keep(name, value)
    if (body.startsWith('<'))
      for (const { fields } of formsOf(body))
        for (const [name, value] of Object.entries(fields)) if (SECRET_FIELDS.test(name)) keep(name, value)
  }
  const asked: Asked = askedThrough(issuer, async (question) => {
    hearQuestion(question)
    const answer = await server.ask(question)
    hearAnswer(answer)
    return answer
  })
  return { asked, secrets, keep }
}

suite('after the main journeys, at the most talkative level of logging', () => {
  let alone: LoneServer
  let heard: ReturnType<typeof overhearing>
  let reader: pg.Client
  before(async () => {
    const settings = {
      LOG_LEVEL: 'trace',
      LIMIT_AUTH_PER_MINUTE: '1000',
      LIMIT_CLIENT_AUTH_PER_MINUTE: '1000',
      CEILING_CLIENT_AUTH_PER_MINUTE: '1000',
    }
    alone = await startAlone({ engine: 'PostgreSQL', declared: DECLARED, settings })
    heard = overhearing(alone.server, alone.issuer)
    reader = new pg.Client({ connectionString: alone.databaseUrl })
    await reader.connect()
    for (const secret of Object.values(SECRETS)) heard.keep('client secret', secret)
    heard.keep('master key', alone.settings.MASTER_KEY)
    heard.keep('database password', new URL(alone.databaseUrl ?? '').password)
    await journeys()
  })
  after(async () => {
    await reader.end()
    await alone.close()
  })

  const authorize = (challenge: string, more: Record<string, string> = {}): URL => {
    const url = new URL(`${alone.issuer}/authorize`)
    const request = {
      client_id: 'basic',
      response_type: 'code',
      redirect_uri: CALLBACK,
      scope: 'openid email orders.read',
    }
    const proof = { code_challenge: challenge, code_challenge_method: 'S256', resource: ORDERS }
    url.search = new URLSearchParams({ ...request, ...proof, ...more }).toString()
    return url
  }
  const basic = { authorization: `Basic ${Buffer.from(`basic:${SECRETS.basic}`).toString('base64')}` }
  const post = (path: string, form: Record<string, string>) => heard.asked.post(path, form, basic)

  /** What people and programs do with the server, and what they do wrong. */
  async function journeys(): Promise<void> {
    const browser = heard.asked.browser()
    const { verifier, challenge } = pkce()
    const page = await browser.follow(await browser.get(authorize(challenge).href))
    await browser.submit(page, { username: ADA.username, password: 'Wrong!Horse7Staple' })
    const code = (await visit(browser, authorize(challenge))).searchParams.get('code') ?? ''
    const redemption = { grant_type: 'authorization_code', redirect_uri: CALLBACK, code, code_verifier: verifier }
    const first = (await post('/token', redemption)).json<Tokens>()
    const refreshed = await post('/token', { grant_type: 'refresh_token', refresh_token: first.refresh_token })
    const second = refreshed.json<Tokens>()
    assert.ok(second.refresh_token, refreshed.body)
    await heard.asked.ask({ url: '/userinfo', headers: { authorization: `Bearer ${second.access_token}` } })
    await post('/introspect', { token: second.access_token })
    await heard.asked.ask({ url: `/userinfo?access_token=${second.access_token}` }) // where no token belongs
    await heard.asked.ask({ url: `/token?client_secret=${SECRETS.post}`, method: 'POST' })
    await heard.asked.ask({ url: `/nowhere?code=${code}`, headers: { authorization: `Bearer ${second.access_token}` } })
    const machine = { grant_type: 'client_credentials', client_id: 'machine' }
    await heard.asked.post('/token', { ...machine, client_secret: SECRETS.machine }) // by the wrong method
    await heard.asked.post('/token', '{"client_secret":"', { 'content-type': 'application/json' })
    await post('/token', redemption) // a replay
    const again = (await visit(browser, authorize(challenge, { prompt: 'login' }))).searchParams.get('code') ?? ''
    const third = (await post('/token', { ...redemption, code: again })).json<Tokens>()
    await post('/revoke', { token: third.refresh_token })
    const newcomer = heard.asked.browser()
    const form = await newcomer.follow(await newcomer.get(authorize(challenge, { prompt: 'create' }).href))
    const person = { username: 'grace', email: 'grace@mail.example', password: 'Another!Horse7Staple' }
    const made = await newcomer.follow(await newcomer.submit(form, person))
    assert.match(made.body, /name="decision"/)
    const invited = await postern(['user', 'invite', 'lin@mail.example', '--json'], alone.settings)
    const invitation = new URL(JSON.parse(invited.stdout).url)
    await heard.asked.browser().get(`${invitation.pathname}${invitation.search}`)
    const link = await postern(['admin-link', '--json'], alone.settings)
    const token = new URL(JSON.parse(link.stdout).url).searchParams.get('token') ?? ''
    await heard.asked.browser().get(`/first-administrator?token=${token}`)
    const bye = `/logout?id_token_hint=${third.id_token}&post_logout_redirect_uri=${SIGNED_OUT}`
    await browser.follow(await browser.get(bye))
  }

  /** Every row of every table, as PostgreSQL prints it: bytes in hex. */
  async function dump(): Promise<string> {
    const tables = await reader.query<{ name: string }>(
      `select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
    )
    const parts: string[] = []
    for (const { name } of tables.rows)
      parts.push(
        ...(await reader.query<{ row: string }>(`select t::text as row from ${name} t`)).rows.map(({ row }) => row),
      )
    return parts.join('\n')
  }

  /** The kinds of secret that a text gives away, in any of the forms that it may hide in. */
  function givenAway(text: string): readonly string[] {
    const lower = text.toLowerCase()
    const kinds = [...heard.secrets].flatMap(([secret, kind]) => {
      const bytes = [Buffer.from(secret), Buffer.from(secret, 'base64url'), Buffer.from(secret.slice(3), 'base64url')]
      const hex = bytes.filter(({ length }) => length >= SHORTEST).map((each) => each.toString('hex'))
      const parts = secret.split('.') // of a token, the signature alone would do harm
      const signature = parts.length === 3 ? [parts[2]!] : []
      const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64'), ...signature]
      return forms.some((form) => text.includes(form)) || hex.some((form) => lower.includes(form)) ? [kind] : []
    })
    return [...new Set(kinds)]
  }

  test('every kind of secret was heard on the wire, or what follows proves nothing', () => {
    const kinds = new Set(heard.secrets.values())
    for (const kind of [
      'code',
      'code_verifier',
      'password',
      'csrf',
      'cookie',
      'client secret',
      'token',
      'access_token',
      'refresh_token',
      'id_token',
      'invitation',
      'restart',
    ])
      assert.ok(kinds.has(kind), kind)
    assert.deepEqual(givenAway(`x ${ADA.password} y`), ['password'])
  })

  test('no line of the log has one of them (A163)', () => {
    const output = alone.server.output()
    assert.match(output, /"route":"\/token"/)
    assert.match(output, /"message":"refused"/)
    assert.deepEqual(givenAway(output), [])
  })

  test('no row of the database has one of them (A173)', async () => {
    const all = await dump()
    assert.ok(all.includes(digestOf(SECRETS.basic).toString('hex'))) // of this one, only the digest
    assert.deepEqual(givenAway(all), [])
  })

  test('what is stored is refused in place of what it stands for (A174)', async () => {
    const digests = [...new Set([...(await dump()).matchAll(/\\x([0-9a-f]{64})\b/g)].map(([, hex]) => hex ?? ''))]
    assert.ok(digests.length > 5)
    const { verifier } = pkce()
    for (const hex of digests) {
      const encoded = Buffer.from(hex, 'hex').toString('base64url')
      for (const text of [hex, encoded]) {
        const redemption = {
          grant_type: 'authorization_code',
          redirect_uri: CALLBACK,
          code: text,
          code_verifier: verifier,
        }
        assert.equal((await post('/token', redemption)).json().error, 'invalid_grant')
        const secret = await heard.asked.post('/token', {
          grant_type: 'authorization_code',
          client_id: 'post',
          client_secret: text,
        })
        assert.equal(secret.statusCode, 401)
      }
      const cookie = `session=ss_${encoded}; session-lax=sl_${encoded}; browser=br_${encoded}`
      const silent = await heard.asked.ask({
        url: authorize('c'.repeat(43), { prompt: 'none' }).href,
        headers: { cookie },
      })
      assert.match(String(silent.headers.location), /error=login_required/)
      const link = await heard.asked.browser().get(`/first-administrator?token=fa_${encoded}`)
      assert.equal(link.statusCode, 410)
    }
  })
})
