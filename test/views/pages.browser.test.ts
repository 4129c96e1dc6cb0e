import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { assets } from '../../src/views/assets.ts'
import { de } from '../../src/views/catalogue/de.ts'
import { en } from '../../src/views/catalogue/en.ts'
import type { Catalogue } from '../../src/views/catalogue/index.ts'
import { formPostPage } from '../../src/views/form-post.ts'
import { openBrowser } from '../support/browser.ts'
import { axe, beyondTheEdge, MAIL_AUDIT, tooSmall, violationsIn } from '../support/looks.ts'
import { mails } from './mails.ts'
import { pseudoRtl } from './pseudo-rtl.ts'
import { states } from './states.ts'

const POLICY =
  "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
const languages: Readonly<Record<string, Catalogue>> = { en, de, [pseudoRtl.lang]: pseudoRtl }

const pages = new Map(
  Object.values(languages).map((words) => [
    words.lang,
    new Map(states(words).map(({ name, markup }) => [name, markup])),
  ]),
)

/** Serves every state as `/<lang>/<name>` under the strict policy, and remembers what was posted. */
const posts: string[] = []
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1')
  const asset = assets.find(({ path }) => path === pathname)
  if (asset) return response.writeHead(200, { 'content-type': asset.contentType }).end(asset.body)
  if (pathname === '/demo/assets/demo.js') return response.writeHead(200, { 'content-type': 'text/javascript' }).end()
  const html = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY }
  if (request.method === 'POST') {
    const chunks: Buffer[] = []
    return request
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => {
        posts.push(`${pathname} ${Buffer.concat(chunks)}`)
        response.writeHead(204).end()
      })
  }
  const [, lang = '', name = ''] = decodeURIComponent(pathname).split('/')
  const markup = lang === 'form-post' ? formPost() : pages.get(lang)?.get(name)
  return response.writeHead(markup ? 200 : 404, html).end(markup)
})
const origin = () => {
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  return `http://127.0.0.1:${address.port}`
}
const formPost = () =>
  formPostPage(
    { action: `${origin()}/callback`, fields: { code: 'ac_1', state: 'a&b' } },
    { words: en, issuer: origin(), deploymentName: 'Example ID' },
  ).toString()

before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
after(() => {
  server.closeAllConnections()
  server.close()
})

/** Every page in every state; the one that leaves by itself is held. */
async function forEachState(page: Page, lang: string, check: (name: string) => Promise<void>) {
  await page.route('**/form-post.js*', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }))
  for (const { name } of states(languages[lang] ?? en)) {
    await page.goto(locationOf(name, lang))
    await check(name)
  }
}

const PHONE = { width: 360, height: 740 }
const locationOf = (name: string, lang = 'en') => `${origin()}/${lang}/${encodeURIComponent(name)}`

/** A page in a browser of its own, and whatever its console complained about. */
async function openPage(
  options: BrowserContextOptions,
): Promise<{ page: Page; complaints: string[]; close: () => Promise<void> }> {
  const context = await (await openBrowser()).newContext({ viewport: PHONE, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { page, complaints, close: () => context.close() }
}

for (const lang of [en.lang, pseudoRtl.lang]) {
  test(`axe finds nothing on any page in any state, light or dark, ${lang} (pages.md, rule 1)`, async () => {
    const { page, complaints, close } = await openPage({})
    await page.addInitScript({ content: axe })
    await forEachState(page, lang, async (name) => assert.deepEqual(await violationsIn(page), [], name))
    assert.deepEqual(complaints, [])
    await close()
  })
}

test('axe finds nothing in any mail, light or dark (pages.md, rule 1)', async () => {
  const { page, close } = await openPage({})
  for (const words of [de, pseudoRtl]) {
    for (const [name, { html }] of mails({ words, issuer: 'https://id.example.com', deploymentName: 'Example ID' })) {
      await page.setContent(html)
      await page.evaluate(axe)
      assert.deepEqual(await violationsIn(page, MAIL_AUDIT), [], name)
    }
  }
  await close()
})

test('no page scrolls sideways at 320 px, in German, nor cuts off what is in it (pages.md, rule 1; WCAG 1.4.10)', async () => {
  const { page, close } = await openPage({ viewport: { width: 320, height: 640 } })
  for (const lang of [de.lang, pseudoRtl.lang]) {
    await forEachState(page, lang, async (name) => {
      assert.deepEqual(await beyondTheEdge(page), [], name)
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320, name)
    })
  }
  await close()
})

test('what can be pressed is at least 24 px high and wide (pages.md, rule 1; WCAG 2.5.8)', async () => {
  const { page, close } = await openPage({})
  await forEachState(page, en.lang, async (name) => {
    assert.deepEqual(await tooSmall(page), [], name)
  })
  await close()
})

test('sign-in takes at most three requests, none to another origin (pages.md, rule 4)', async () => {
  const { page, close } = await openPage({})
  const requests: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(locationOf('sign-in'), { waitUntil: 'networkidle' })
  assert.ok(requests.length <= 3, requests.join(' '))
  assert.ok(requests.every((url) => url.startsWith(origin())))
  await close()
})

for (const javaScriptEnabled of [true, false]) {
  const script = javaScriptEnabled ? 'with' : 'without'
  test(`the summary of faults has the focus and leads to the field, by keyboard, ${script} script (pages.md, rules 2 and 3)`, async () => {
    const { page, close } = await openPage({ javaScriptEnabled })
    await page.goto(locationOf('sign-in, refused'))
    const focused = (id: string) => page.locator(`#${id}:focus`).waitFor({ state: 'attached', timeout: 5000 })
    await focused('fault')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await focused('username')
    await page.keyboard.press('Tab')
    await focused('password')
    await close()
  })

  test(`sign-in is filled in and sent by keyboard alone, ${script} script (pages.md, rule 3)`, async () => {
    const { page, close } = await openPage({ javaScriptEnabled })
    await page.goto(locationOf('sign-in'))
    await page.locator('#username:focus').waitFor({ state: 'attached', timeout: 5000 })
    await page.keyboard.type('ada')
    await page.keyboard.press('Tab')
    await page.keyboard.type('correct horse')
    posts.length = 0
    const answered = page.waitForResponse((response) => response.status() === 204)
    await page.keyboard.press('Enter')
    await answered
    assert.deepEqual(posts, ['/sign-in/018f csrf=csrf-token&restart=sealed-copy&username=ada&password=correct+horse'])
    await close()
  })
}

test('a password can be shown, is sent as a password, and is sent once however often the button is pressed (pages.md, Sign in, rule 8)', async () => {
  const { page, close } = await openPage({})
  await page.goto(locationOf('sign-in'))
  await page.fill('#username', 'ada')
  await page.fill('#password', 'correct horse')
  await page.click('.reveal')
  assert.equal(await page.getAttribute('#password', 'type'), 'text')
  assert.equal(await page.getAttribute('.reveal', 'aria-pressed'), 'true')
  posts.length = 0
  const answered = page.waitForResponse((response) => response.status() === 204)
  await page.evaluate(`document.getElementById('sign-in').click(); document.getElementById('sign-in').click()`)
  await answered
  assert.equal(await page.getAttribute('#password', 'type'), 'password')
  await page.evaluate(`document.getElementById('sign-in').click()`)
  assert.equal(posts.length, 1)
  await close()
})

test('both answers to consent carry their decision (pages.md, Consent)', async () => {
  const { page, close } = await openPage({})
  posts.length = 0
  for (const id of ['allow', 'deny', 'switch-account']) {
    await page.goto(locationOf('consent'))
    const answered = page.waitForResponse((response) => response.status() === 204)
    await page.click(`#${id}`)
    await answered
  }
  assert.deepEqual(posts, [
    '/sign-in/018f csrf=csrf-token&restart=sealed-copy&decision=allow',
    '/sign-in/018f csrf=csrf-token&restart=sealed-copy&decision=deny',
    '/sign-in/018f/switch csrf=csrf-token&restart=sealed-copy',
  ])
  await close()
})

test('recovery codes are copied and printed with script, and downloaded without (pages.md, TOTP enrolment)', async () => {
  const { page, complaints, close } = await openPage({ permissions: ['clipboard-read', 'clipboard-write'] })
  await page.addInitScript('window.print = () => { window.isPrinted = true }')
  await page.goto(locationOf('recovery-codes'))
  await page.click('#copy-codes')
  await page.locator('#copied', { hasText: en.recoveryCodes.copied }).waitFor()
  const copied = String(await page.evaluate('navigator.clipboard.readText()')).split('\n')
  assert.equal(copied.length, 10)
  assert.match(copied[0] ?? '', /^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/)
  await page.click('#print-codes')
  assert.equal(await page.evaluate('window.isPrinted'), true)
  await page.click('#codes-saved')
  assert.equal(await page.evaluate(`document.querySelector('#saved').validity.valueMissing`), true)
  assert.deepEqual(complaints, [])
  await close()
  const plain = await openPage({ javaScriptEnabled: false })
  await plain.page.goto(locationOf('recovery-codes'))
  assert.equal(await plain.page.isVisible('#copy-codes'), false)
  assert.equal(await plain.page.isVisible('#print-codes'), false)
  assert.ok(await plain.page.isVisible('#download-codes'))
  await plain.close()
})

test('a code is pasted as it was copied, and sent as it was typed (pages.md, Second factor; WCAG 3.3.8)', async () => {
  const { page, close } = await openPage({ javaScriptEnabled: false })
  posts.length = 0
  for (const [typed, isSent] of [
    ['12345', false],
    ['123 456', true],
  ] as const) {
    await page.goto(locationOf('second-factor'))
    await page.locator('#code:focus').waitFor({ state: 'attached', timeout: 5000 })
    await page.keyboard.insertText(typed)
    const answered = isSent ? page.waitForResponse((response) => response.status() === 204) : undefined
    await page.keyboard.press('Enter')
    await answered
  }
  assert.deepEqual(posts, ['/second-factor/018f csrf=csrf-token&restart=sealed-copy&code=123+456'])
  await close()
})

test('on a phone each section leads back to the overview, and the overview to each section (pages.md, Account)', async () => {
  for (const [viewport, isWide] of [
    [PHONE, false],
    [{ width: 1200, height: 800 }, true],
  ] as const) {
    const { page, close } = await openPage({ viewport })
    await page.goto(locationOf('sessions'))
    assert.ok(await page.isVisible('#to-overview'))
    assert.equal(await page.isVisible('#to-apps'), isWide)
    await page.goto(locationOf('account'))
    assert.ok(await page.isVisible('#sign-out'))
    assert.equal(await page.isVisible('#to-apps'), isWide)
    assert.ok(await page.isVisible('#overview a[href="/account/apps"]'))
    await close()
  }
})

test('an answer by form post goes on by itself, and by its button without script (OAuth 2.0 Form Post §2)', async () => {
  posts.length = 0
  const scripted = await openPage({})
  const answered = scripted.page.waitForResponse((response) => response.status() === 204)
  await scripted.page.goto(`${origin()}/form-post`, { waitUntil: 'commit' }) // it is left before it has loaded
  await answered
  await scripted.close()
  const plain = await openPage({ javaScriptEnabled: false })
  await plain.page.goto(`${origin()}/form-post`)
  const pressed = plain.page.waitForResponse((response) => response.status() === 204)
  await plain.page.click('#continue')
  await pressed
  await plain.close()
  assert.deepEqual(posts, ['/callback code=ac_1&state=a%26b', '/callback code=ac_1&state=a%26b'])
})
