import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceInWords } from '../../src/views/account/device.ts'
import { ACCOUNT_PATHS } from '../../src/views/account/frame.ts'
import { de } from '../../src/views/catalogue/de.ts'
import { en } from '../../src/views/catalogue/en.ts'
import { when } from '../../src/views/catalogue/time.ts'
import { qrSvg } from '../../src/views/qr.ts'
import { modulesOf } from './account-states.ts'
import { Dom, elements, get, text } from './dom.ts'
import { states } from './states.ts'

const dom = (name: string) => new Dom(states(en).find((state) => state.name === name)!.markup)
const attributes = (page: Dom, id: string, ...names: readonly string[]) => names.map((name) => get(page.id(id), name))
const hrefs = (page: Dom) => page.tags('a').map((link) => get(link, 'href'))

test('the second factor is one input for six digits, and says which authenticator (pages.md, Second factor; WCAG 3.3.8)', () => {
  const page = dom('second-factor')
  const form = page.all.find((each) => get(each, 'id') === 'second-factor-form')!
  const inputs = elements(form).filter((each) => each.tagName === 'input' && get(each, 'type') !== 'hidden')
  assert.deepEqual(
    inputs.map((input) => get(input, 'name')),
    ['code'],
  )
  assert.deepEqual(attributes(page, 'code', 'inputmode', 'autocomplete', 'type', 'maxlength'), [
    'numeric',
    'one-time-code',
    'text',
    undefined,
  ])
  const pattern = new RegExp(`^(?:${get(page.id('code'), 'pattern')})$`, 'v')
  for (const typed of ['123456', '123 456', ' 12-34-56 ', '1 2 3 4 5 6']) assert.match(typed, pattern)
  for (const typed of ['', '12345', '1234567', '12345a']) assert.doesNotMatch(typed, pattern)
  assert.match(text(page.one('main')), /Open Phone and/)
  assert.equal(get(page.id('use-recovery'), 'href'), '/recovery-code/018f')
  assert.equal(get(page.id('switch-account-form'), 'action'), '/second-factor/018f/switch')
  assert.equal(
    elements(dom('second-factor, several').id('authenticators')!).filter(({ tagName }) => tagName === 'li').length,
    3,
  )
})

test('a refused code is not shown again (pages.md, rule 2)', () => {
  for (const name of ['second-factor, refused', 'recovery-code, refused', 'enrolment, scan refused']) {
    const page = dom(name)
    assert.deepEqual(attributes(page, 'code', 'value', 'aria-invalid'), [undefined, 'true'], name)
  }
})

test('a recovery code takes letters, is not remembered, and its page leads back (pages.md, Second factor)', () => {
  const page = dom('recovery-code')
  assert.deepEqual(attributes(page, 'code', 'autocomplete', 'autocapitalize', 'inputmode', 'pattern'), [
    'off',
    'none',
    undefined,
    undefined,
  ])
  assert.equal(get(page.id('use-authenticator'), 'href'), '/second-factor/018f')
})

test('enrolment shows the key as a picture, as text and as a link (pages.md, TOTP enrolment)', () => {
  const page = dom('enrolment, scan')
  assert.deepEqual(attributes(page, 'qr', 'role', 'aria-label'), ['img', en.enrolment.qr])
  assert.equal(text(page.id('key')!).trim(), 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP')
  assert.match(get(page.id('open-authenticator'), 'href') ?? '', /^otpauth:\/\/totp\//)
  assert.ok(page.id('confirm-enrolment'))
  assert.equal(get(page.id('code'), 'autofocus'), undefined, 'the picture comes first')
})

test('the picture has every module of the code, and four light ones around it (ISO/IEC 18004 §6.3.8)', () => {
  const modules = modulesOf('otpauth://totp/a?secret=JBSWY3DPEHPK3PXP')
  const svg = new Dom(qrSvg(modules, 'QR').toString()).one('svg')
  const size = modules.length + 8
  assert.equal(get(svg, 'viewbox') ?? get(svg, 'viewBox'), `0 0 ${size} ${size}`)
  const [ground, path] = elements(svg)
  assert.deepEqual([get(ground, 'fill'), get(ground, 'd')], ['#fff', `M0 0h${size}v${size}H0z`])
  const drawn = modules.map((row) => row.map(() => false))
  for (const [, x, y, length] of get(path, 'd')!.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let at = 0; at < Number(length); at++) drawn[Number(y) - 4]![Number(x) - 4 + at] = true
  }
  assert.deepEqual(drawn, modules)
})

test('recovery codes are shown, downloaded, and must be said to be saved (pages.md, TOTP enrolment)', () => {
  const page = dom('recovery-codes')
  assert.equal(elements(page.id('recovery-codes')!).filter(({ tagName }) => tagName === 'li').length, 10)
  assert.deepEqual(attributes(page, 'download-codes', 'href', 'download'), [
    '/account/recovery-codes.txt',
    'recovery-codes.txt',
  ])
  assert.deepEqual(attributes(page, 'saved', 'type', 'required'), ['checkbox', ''])
  for (const id of ['copy-codes', 'print-codes']) assert.equal(get(page.id(id), 'hidden'), '', 'needs script')
  assert.match(text(dom('recovery-codes, unsaved').id('fault')!), /tick/)
})

test('every account page leads to every other, says where it is, and signs out (pages.md, Account)', () => {
  for (const [name, current] of [
    ['account', 'overview'],
    ['profile', 'profile'],
    ['email', 'profile'],
    ['password', 'password'],
    ['factors', 'factors'],
    ['sessions', 'sessions'],
    ['apps', 'apps'],
    ['delete-account', 'data'],
  ] as const) {
    const page = dom(name)
    for (const path of Object.values(ACCOUNT_PATHS)) assert.ok(hrefs(page).includes(path), `${name} to ${path}`)
    const marked = page.all.filter((each) => get(each, 'aria-current') === 'page')
    assert.deepEqual(
      marked.map((each) => get(each, 'id')),
      [`to-${current}`],
    )
    assert.equal(get(page.id('sign-out-form'), 'action'), '/logout')
  }
})

test('the overview says what to mend, with the way there, or that all is well (pages.md, Account)', () => {
  assert.match(text(dom('account').id('safety')!), /well guarded/)
  const page = dom('account, everything to look at')
  const warnings = elements(page.id('safety')!).filter(({ tagName }) => tagName === 'a')
  assert.equal(warnings.length, Object.keys(en.overview.warning).length)
  assert.match(text(page.id('overview')!), /Two-step sign-in Off/)
})

test('each device, app and authenticator has its own button, told apart by name (pages.md, Account; WCAG 2.4.6)', () => {
  const sessions = dom('sessions')
  assert.equal(sessions.id('end-0190-1'), undefined, 'this device has "sign out" already')
  assert.deepEqual(attributes(sessions, 'end-0190-2', 'name', 'value', 'aria-labelledby'), [
    'do',
    'end',
    'end-0190-2 session-0190-2',
  ])
  assert.match(text(sessions.id('sessions')!), /Chrome on Linux This device.*Safari on iPhone.*An unknown browser/s)
  assert.match(text(dom('apps').id('apps')!), /Acme Notes.*even after you sign out.*Read your invoices, at/s)
  const apps = dom('apps')
    .tags('input')
    .filter((input) => get(input, 'name') === 'id')
  assert.deepEqual(
    apps.map((input) => get(input, 'value')),
    ['notes', 'https://other.example/"><script>'],
  )
  const required = dom('factors, last and required')
  assert.ok(required.id('rename-018f-1'))
  assert.equal(required.id('remove-018f-1'), undefined)
})

test('a new password asks for the present one, and a deletion for name and password (pages.md, Account)', () => {
  const page = dom('password')
  assert.deepEqual(
    ['owner', 'current', 'password'].map((name) =>
      get(
        page.tags('input').find((input) => get(input, 'name') === name),
        'autocomplete',
      ),
    ),
    ['username', 'current-password', 'new-password'],
  )
  assert.ok(dom('delete-account').id('username') && dom('delete-account').id('password'))
  assert.equal(dom('delete-account, last administrator').id('delete-account-form'), undefined)
})

test('nothing on the way to a new password tells whether there is an account (pages.md, Forgot / reset password)', () => {
  const page = dom('reset-sent')
  assert.match(text(page.one('main')), /If there is an account.*15 minutes/s)
  assert.doesNotMatch(text(page.one('main')), /@/)
})

test('the links of a mail in the outbox can be followed, and nothing else in it (pages.md, Forgot / reset password)', () => {
  const links = elements(dom('outbox, one').id('mail')!)
  assert.deepEqual(
    links.map((link) => get(link, 'href')),
    ['https://id.example.com/reset-password?token=at_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFy'],
  )
})

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const DEVICES: ReadonlyArray<readonly [string, string]> = [
  [CHROME, 'Chrome on Windows'],
  [`${CHROME} Edg/140.0.0.0`, 'Edge on Windows'],
  [`${CHROME} OPR/120.0.0.0`, 'Opera on Windows'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  ['Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', 'Firefox on Android'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15',
    'Safari on macOS',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1',
    'Chrome on iPhone',
  ],
  ['Firefox/140', 'Firefox'],
  ['something (Linux)', 'A browser on Linux'],
  ['curl/8.5.0', 'An unknown browser'],
  ['', 'An unknown browser'],
  [`${'Version/1 '.repeat(30)}`, 'An unknown browser'],
]
for (const [userAgent, expected] of DEVICES) {
  test(`"${userAgent.slice(0, 60)}" is ${expected} (pages.md, Account; RFC 9110 §10.1.5)`, () => {
    assert.equal(deviceInWords(userAgent, en), expected)
  })
}

test('how long ago is told in the largest unit that has passed, and as a date from a week on (pages.md, Account)', () => {
  const now = new Date('2026-11-22T12:00:00Z')
  const told = (seconds: number, words = en) =>
    text(new Dom(when(words, new Date(now.getTime() - seconds * 1000), now).toString()).one('time'))
  const times = [-5, 59, 60, 3599, 3600, 86_399, 86_400, 6 * 86_400, 7 * 86_400].map((seconds) => told(seconds))
  assert.deepEqual(times, [
    'just now',
    'just now',
    '1 minute ago',
    '59 minutes ago',
    '1 hour ago',
    '23 hours ago',
    'yesterday',
    '6 days ago',
    'November 15, 2026',
  ])
  assert.equal(told(7200, de), 'vor 2 Stunden')
})
