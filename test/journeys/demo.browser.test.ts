import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, type TestContext, test } from 'node:test'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { root } from '../check/source.ts'
import { openBrowser } from '../support/browser.ts'

// The newcomer's minute: the server as `npm start` runs it, a real browser, and the app as its visitors find it.
const axe = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const PASSWORD = 'Correct-Horse-7-Staple!'
let issuer = ''
let stop = async (): Promise<void> => {}

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-demo-'))
  const port = await freePort()
  const server = spawn(process.execPath, [join(root, 'src', 'postern.mjs'), 'start'], {
    env: { PATH: process.env.PATH, PORT: String(port), DATA_DIR: join(folder, 'data') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(server, 'exit')
  stop = async () => {
    server.kill('SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  issuer = `http://localhost:${port}`
  await isReady(createInterface(server.stdout))
})
after(() => stop())

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  assert.ok(typeof address === 'object' && address)
  return address.port
}

/** Reads on behind the line that says it, so that the server's output never stalls it. */
function isReady(lines: ReturnType<typeof createInterface>): Promise<void> {
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => line.includes('"message":"ready"') && resolve())
    lines.on('close', () => reject(new Error('the server ended before it was ready')))
  })
}

/** The demo in a browser of its own; whatever the page complains of fails the test. */
async function openDemo(t: TestContext): Promise<Page> {
  const context = await (await openBrowser()).newContext()
  const complaints: string[] = []
  t.after(async () => {
    await context.close()
    assert.deepEqual(complaints, [])
  })
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text())
  })
  await page.goto(`${issuer}/demo`)
  await says(page, /^Nobody is signed in/)
  return page
}

const says = (page: Page, words: RegExp) => page.locator('#status').filter({ hasText: words }).waitFor()
const isShown = (page: Page, id: string) => page.locator(`#${id}`).isVisible()

async function signUp(page: Page, username: string): Promise<void> {
  await page.click('#sign-up')
  await page.fill('[name=username]', username)
  await page.fill('[name=email]', `${username}@example.com`)
  await page.fill('[name=password]', PASSWORD)
  await page.click('button#sign-up')
  await page.locator('#allow').waitFor()
}

async function signUpAndAllow(page: Page, username: string): Promise<void> {
  await signUp(page, username)
  await page.click('#allow')
  await says(page, new RegExp(`^Signed in as ${username}`))
}

/** What the app shows of a token, under the name it has in a token response. */
async function shown(page: Page, name: 'access_token' | 'id_token' | 'refresh_token'): Promise<Record<string, string>> {
  const names = await page.locator(`#${name} dt`).allTextContents()
  const values = await page.locator(`#${name} dd`).allTextContents()
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
}

async function callApi(page: Page, outcome: RegExp): Promise<string> {
  await page.click('#call-api')
  await says(page, outcome)
  return await page.locator('#api-result').innerText()
}

async function violations(page: Page): Promise<readonly string[]> {
  const { violations } = await page.evaluate<AxeResults>(`${axe}; axe.run(document)`)
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`)
}

test('a newcomer signs up, sees the tokens, renews them, calls the API and signs out (design.md §11)', async (t) => {
  const page = await openDemo(t)
  assert.deepEqual(await violations(page), [])
  const refused = await callApi(page, /^The API refused/)
  assert.match(refused, /^401 /m)
  assert.match(refused, /^WWW-Authenticate: Bearer realm="demo", scope="demo:read"$/m)

  await signUpAndAllow(page, 'ada')
  assert.equal(page.url(), `${issuer}/demo`)
  const access = await shown(page, 'access_token')
  assert.match(access.header!, /^at\+jwt, RS256, /)
  assert.equal(access.aud, `${issuer}/demo/api`)
  const identity = await shown(page, 'id_token')
  assert.match(identity.header!, /^JWT, RS256, /)
  assert.equal(identity.sub, access.sub)
  const first = await shown(page, 'refresh_token')
  assert.match(first.header!, /^rt\+jwt, RS256, /)
  assert.deepEqual(await violations(page), [])

  await page.click('#renew')
  await says(page, /^Renewed/)
  const renewed = await shown(page, 'access_token')
  assert.notEqual(renewed.jti, access.jti)
  assert.equal(renewed.fid, access.fid)
  assert.notEqual((await shown(page, 'refresh_token')).jti, first.jti)

  const answer = await callApi(page, /^The API let the call through/)
  assert.match(answer, /^200 /m)
  assert.match(answer, /"greeting": "Hello/)

  await page.click('#sign-out')
  await says(page, /^Nobody is signed in/)
  assert.equal(page.url(), `${issuer}/demo`)
  assert.equal(await page.locator('#tokens').innerText(), 'None yet.')
  assert.equal(await isShown(page, 'renew'), false)
  assert.match(await callApi(page, /^The API refused/), /^401 /m)

  await page.click('#sign-in')
  await page.locator('[name=password]').waitFor() // nobody is signed in at the server either
})

test('after a reload the app has no tokens, and the server needs no password to give new ones (design.md §5)', async (t) => {
  const page = await openDemo(t)
  await signUpAndAllow(page, 'grace')
  await page.reload()
  await says(page, /^Nobody is signed in/)
  await page.click('#sign-in')
  await says(page, /^Signed in as grace/)
  assert.equal(await isShown(page, 'sign-in'), false)
})

test('a visitor who does not allow it is told that the app got nothing (RFC 6749 §4.1.2.1)', async (t) => {
  const page = await openDemo(t)
  await signUp(page, 'joan')
  await page.click('#deny')
  await says(page, /^You did not allow it.*\(access_denied/)
  assert.equal(page.url(), `${issuer}/demo`)
  assert.equal(await isShown(page, 'sign-in'), true)
})

test('an app whose sign-in was ended in another tab learns it when it renews (design.md §4.4)', async (t) => {
  const page = await openDemo(t)
  await signUpAndAllow(page, 'mary')
  const other = await page.context().newPage()
  await other.goto(`${issuer}/logout`)
  await other.click('button[type=submit]')
  await other.locator('h1').waitFor()
  await page.click('#renew')
  await says(page, /^The server has ended this sign-in.*\(invalid_grant/)
  assert.equal(await page.locator('#tokens').innerText(), 'None yet.')
  assert.equal(await isShown(page, 'sign-in'), true)
})

test('an answer that belongs to no request of this tab gives nothing (RFC 6749 §10.12)', async (t) => {
  const page = await openDemo(t)
  await page.goto(`${issuer}/demo?code=ac_x&state=somebody-elses`)
  await says(page, /^It did not work/)
  assert.equal(page.url(), `${issuer}/demo`)
})
