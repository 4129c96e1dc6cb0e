// What every attack on the front channel shares: how its answers are told apart, and what may never be in the log.
import assert from 'node:assert/strict'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { parse } from 'parse5'
import type { BrowserSession } from '../support/browser-session.ts'
import { authorizeUrl, pkce, type TestClient, type TestServer } from '../support/server.ts'

export interface TestUser {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly password: string
}

/** An error page of our own, with the code that it shows: nothing is redirected, nothing of the request is in a header. */
export function assertPage(response: LightMyRequestResponse, code: string, status = 400): void {
  assert.equal(response.statusCode, status, response.body)
  assert.match(String(response.headers['content-type']), /^text\/html/)
  assert.equal(response.headers.location, undefined)
  assert.equal(/<code id="error-code" dir="ltr">(.*?)<\/code>/.exec(response.body)?.[1], code)
  assert.match(response.body, /<code id="request-id" dir="ltr">[0-9a-f-]{36}<\/code>/)
}

/** The parameters of an answer to the client, each there once, at the registered address and nowhere else. */
export function answerAt(response: LightMyRequestResponse, client: TestClient, server: TestServer) {
  assert.equal(response.statusCode, 303, response.body.slice(0, 2000))
  const location = String(response.headers.location)
  assert.ok(location.startsWith(client.redirectUri), location)
  const url = new URL(location)
  assert.equal(url.hash, '')
  const names = [...url.searchParams.keys()]
  assert.deepEqual(names, [...new Set(names)])
  assert.equal(url.searchParams.get('iss'), server.config.issuer)
  return Object.fromEntries(url.searchParams)
}

/** A refusal that the client is told of: an error and no code, with the state that was sent. */
export function assertRefused(
  response: LightMyRequestResponse,
  {
    client,
    server,
    error,
    state = 'a-state',
  }: { client: TestClient; server: TestServer; error: string; state?: string },
): void {
  const { error_description: description, ...rest } = answerAt(response, client, server)
  assert.match(description ?? '', /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
  const { state: echoed, ...others } = rest
  assert.equal(echoed, state === '' ? undefined : state)
  assert.deepEqual(others, { error, iss: server.config.issuer })
}

/** An authorization request as a link on another site sends it. */
export const ask = (
  browser: BrowserSession,
  client: TestClient,
  more: Readonly<Record<string, string | undefined>> = {},
): Promise<LightMyRequestResponse> => browser.get(authorizeUrl(client, pkce().challenge, more), { fromElsewhere: true })

/** The same, as far as the first page or the first address that is not ours. */
export const arrive = async (
  browser: BrowserSession,
  client: TestClient,
  more: Readonly<Record<string, string | undefined>> = {},
): Promise<LightMyRequestResponse> => await browser.follow(await ask(browser, client, more))

/** Fills in the sign-in page. */
export const signIn = async (browser: BrowserSession, page: LightMyRequestResponse, user: TestUser) =>
  await browser.follow(await browser.submit(page, { username: user.username, password: user.password }))

/** Presses Allow. */
export const allow = async (browser: BrowserSession, page: LightMyRequestResponse) =>
  await browser.follow(await browser.submit(page, { decision: 'allow' }))

/** A browser in which the user is signed in, and has allowed the client. */
export async function signedInBrowser(server: TestServer, client: TestClient, user: TestUser, address?: string) {
  const browser = server.browser(address)
  const page = await signIn(browser, await arrive(browser, client), user)
  const answer = page.body.includes('id="allow"') ? await allow(browser, page) : page
  assert.ok(answerAt(answer, client, server).code)
  return browser
}

export const isSignInPage = (page: LightMyRequestResponse): boolean =>
  page.statusCode === 200 && page.body.includes('id="sign-in-form"')
export const isConsentPage = (page: LightMyRequestResponse): boolean =>
  page.statusCode === 200 && page.body.includes('id="consent-form"')

/** How many rows a table has. */
export async function rowsOf(
  server: TestServer,
  table: 'interaction' | 'session' | 'authorization_code' | 'consent' | 'user' | 'pushed_request' | 'throttle',
): Promise<number> {
  const { count } = await server.database.db
    .selectFrom(table)
    .select((expression) => expression.fn.countAll().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

const SECRET = /\b(?:ac|ss|sl|br|dv|cs)_[A-Za-z0-9_-]{43}|eyJ[\w-]+\.[\w-]+\.|Correct-Horse/

/** Closes the server of a suite. What was asked of it must have caused no fault of ours, and left no secret in the log. */
export async function closeClean(server: TestServer): Promise<void> {
  const lines = [...server.log] // before the database is thrown away, which is noted too
  await server.close()
  const faults = lines.filter((line) => /"level":"(?:error|fatal)"/.test(line))
  assert.deepEqual(faults, [])
  assert.deepEqual(
    lines.filter((line) => SECRET.test(line)),
    [],
  )
}

interface Node {
  readonly nodeName: string
  readonly attrs?: readonly { readonly name: string; readonly value: string }[]
  readonly childNodes?: readonly Node[]
}

/** Every element of a page with its attributes, as a browser would parse it. */
export function elementsOf(html: string): readonly { name: string; attributes: ReadonlyMap<string, string> }[] {
  const walk = (node: Node): readonly Node[] => [node, ...(node.childNodes ?? []).flatMap(walk)]
  return walk(parse(html) as Node)
    .filter(({ nodeName }) => !nodeName.startsWith('#'))
    .map(({ nodeName, attrs = [] }) => ({
      name: nodeName,
      attributes: new Map(attrs.map(({ name, value }) => [name, value])),
    }))
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
export interface Route {
  readonly method: Method
  readonly path: string
}

/** What the router prints, read back: nothing can be served that is not there. */
export function routesOf(each: FastifyInstance): readonly Route[] {
  const found: Route[] = []
  const stack: string[] = []
  for (const line of each.printRoutes({ commonPrefix: false }).split('\n')) {
    const {
      indent = '',
      path = '',
      methods = '',
    } = /^(?<indent>[│ ]*)[├└]── (?<path>\S*) \((?<methods>[A-Z, ]+)\)/.exec(line)?.groups ?? {}
    if (methods === '') continue
    const depth = indent.length / 4
    stack.length = depth
    stack[depth] = path
    for (const method of methods.split(', ')) found.push({ method: method as Method, path: stack.join('') })
  }
  return found
}
