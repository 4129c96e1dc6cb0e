import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultTreeAdapter, parse } from 'parse5'
import { assets, enhancements, formPoster, stylesheet } from '../../src/views/assets.ts'
import { de } from '../../src/views/catalogue/de.ts'
import { en } from '../../src/views/catalogue/en.ts'
import { initials } from '../../src/views/mark.ts'
import { childrenOf, Dom, type Element, elements, get, isElement, type Node, text } from './dom.ts'
import { pseudoRtl } from './pseudo-rtl.ts'
import { type State, states } from './states.ts'

const dom = (name: string, from = states(en)) => new Dom(from.find((state) => state.name === name)!.markup)

function checkFrame(
  { isFault, markup }: State,
  { lang, dir, errorPrefix }: { lang: string; dir: string; errorPrefix: string },
) {
  const page = new Dom(markup)
  assert.equal(page.document.mode, 'no-quirks')
  assert.equal(get(page.one('html'), 'lang'), lang)
  assert.equal(get(page.one('html'), 'dir'), dir)
  assert.equal(text(page.one('title')).startsWith(`${errorPrefix} `), isFault)
  for (const landmark of ['header', 'main', 'footer', 'h1']) page.one(landmark)
  const skip = page.tags('a')[0]
  assert.equal(get(skip, 'href'), '#main')
  assert.equal(get(page.one('main'), 'id'), 'main')
  const ids = page.all.map((element) => get(element, 'id')).filter((id) => id !== undefined)
  assert.equal(new Set(ids).size, ids.length, 'ids are unique')
  return page
}

function checkSafety(page: Dom) {
  assert.equal(page.tags('style', 'iframe', 'object', 'embed', 'base').length, 0)
  for (const element of page.all) {
    for (const { name } of element.attrs) assert.ok(!name.startsWith('on') && name !== 'style', name)
  }
  for (const script of page.tags('script')) assert.equal(text(script), '')
  for (const loaded of page.tags('script', 'link', 'img')) {
    assert.match(get(loaded, 'src') ?? get(loaded, 'href') ?? '', /^\/[^/]/, 'nothing from a third party')
  }
}

const isVisibleInput = (each: Element) =>
  each.tagName === 'input' && get(each, 'type') !== 'hidden' && get(each, 'hidden') === undefined

function checkForms(page: Dom) {
  for (const form of page.tags('form')) {
    assert.equal(get(form, 'method'), 'post')
    const fields = elements(form)
    const isOurs = get(form, 'id') !== 'form-post'
    if (isOurs) assert.equal(fields.filter((each) => get(each, 'name') === 'csrf').length, 1)
    for (const button of fields.filter(({ tagName }) => tagName === 'button')) {
      assert.ok(get(button, 'type') === 'button' || get(button, 'id'), 'a submit button has an id')
    }
    for (const input of fields.filter(isVisibleInput)) {
      const id = get(input, 'id')
      const name = get(input, 'name')
      assert.ok(id === name || id?.startsWith(`${name}-`), 'an id that tells the name')
      assert.ok(
        page.tags('label').some((label) => get(label, 'for') === id),
        `a label for ${id}`,
      )
      assert.ok(get(input, 'autocomplete') ?? get(input, 'type') === 'checkbox')
      if (get(input, 'type') === 'password') assert.equal(get(input, 'value'), undefined)
      const described = get(input, 'aria-describedby')?.split(' ') ?? []
      for (const reference of described) assert.ok(page.id(reference), `${reference} exists`)
      const invalid = get(input, 'aria-invalid')
      assert.ok(invalid === undefined || (invalid === 'true' && described.length > 0))
    }
  }
}

function checkFaults(page: Dom, isFault: boolean) {
  const alerts = page.all.filter((element) => get(element, 'role') === 'alert')
  if (!isFault) assert.equal(alerts.length, 0)
  for (const alert of alerts) {
    assert.equal(get(alert, 'tabindex'), '-1')
    assert.notEqual(get(alert, 'autofocus'), undefined)
    for (const link of elements(alert).filter(({ tagName }) => tagName === 'a')) {
      const field = page.id(get(link, 'href')?.slice(1) ?? '')
      assert.equal(field?.tagName, 'input')
      assert.equal(get(field, 'aria-invalid'), 'true')
    }
  }
  assert.ok(page.all.filter((element) => get(element, 'autofocus') !== undefined).length <= 1)
}

for (const { lang, dir, frame, catalogue } of [en, de, pseudoRtl].map((each) => ({ ...each, catalogue: each }))) {
  for (const state of states(catalogue)) {
    test(`${lang}: ${state.name} has its landmarks, labels, faults and nothing inline (pages.md, rules 1–4)`, () => {
      const page = checkFrame(state, { lang, dir, errorPrefix: frame.errorPrefix })
      checkSafety(page)
      checkForms(page)
      checkFaults(page, state.isFault)
    })
  }
}

/** The text of a page that is not a name, an address, a code, a mail or a time. */
function ownWords(node: Node): string {
  if (defaultTreeAdapter.isTextNode(node)) return node.value
  if (isElement(node)) {
    if (['bdi', 'code', 'time', 'pre', 'head'].includes(node.tagName)) return ''
    if (get(node, 'dir') === 'ltr' || get(node, 'class') === 'badge') return ''
  }
  return childrenOf(node).map(ownWords).join(' ')
}

test('every word on a page comes from the catalogue (pages.md, rule 6)', () => {
  for (const { name, markup } of states(pseudoRtl).filter((state) => state.name !== 'demo')) {
    assert.doesNotMatch(ownWords(parse(markup)), /[a-z]/i, name)
  }
})

test('sign-in asks for a name and a password that password managers know (pages.md, Sign in)', () => {
  const page = dom('sign-in')
  assert.deepEqual(
    ['type', 'autocomplete', 'name'].map((name) => get(page.id('username'), name)),
    ['text', 'username', 'username'],
  )
  assert.deepEqual(
    ['type', 'autocomplete', 'name'].map((name) => get(page.id('password'), name)),
    ['password', 'current-password', 'password'],
  )
  assert.equal(get(page.id('forgot-password'), 'href'), '/forgot-password')
  assert.equal(get(page.id('sign-up'), 'href'), '/sign-up/018f')
  assert.equal(
    get(
      page.tags('input').find((input) => get(input, 'name') === 'restart'),
      'value',
    ),
    'sealed-copy',
  )
  assert.match(text(page.one('main')), /to continue to Acme Notes/)
  const bare = dom('sign-in, for our own pages')
  assert.equal(bare.id('forgot-password') ?? bare.id('sign-up'), undefined)
})

test('a refused sign-in keeps the name, says one thing, and marks both fields (pages.md, rule 2)', () => {
  const page = dom('sign-in, refused')
  assert.equal(get(page.id('username'), 'value'), 'ada')
  assert.deepEqual(
    ['username', 'password'].map((id) => get(page.id(id), 'aria-describedby')),
    ['fault', 'fault'],
  )
  assert.match(text(page.id('fault')!), /do not match/)
})

test('a throttled sign-in says when to try again and blames no field (pages.md, Sign in)', () => {
  const page = dom('sign-in, wait')
  assert.match(text(page.id('fault')!), /Wait 2 minutes/)
  assert.equal(get(page.id('username'), 'aria-invalid'), undefined)
})

test('sign-up shows the rules before typing and names the failed ones after (pages.md, Sign up)', () => {
  const page = dom('sign-up')
  assert.equal(elements(page.id('password-rules')!).length, 7)
  assert.equal(get(page.id('password'), 'autocomplete'), 'new-password')
  assert.equal(get(page.id('email'), 'type'), 'email')
  const faulty = dom('sign-up, faults')
  assert.match(text(faulty.id('password-fault')!), /12 to 128.*capital letter.*digit/s)
  assert.equal(elements(faulty.id('fault')!).filter(({ tagName }) => tagName === 'a').length, 5)
  assert.notEqual(get(dom('sign-up, invited').id('email'), 'readonly'), undefined)
})

test('consent shows app, host, whole address, account and plain scopes, and weighs both answers alike (pages.md, Consent)', () => {
  const page = dom('consent')
  const [allow, deny] = [page.id('allow'), page.id('deny')]
  assert.deepEqual(
    [allow, deny].map((button) => [get(button, 'name'), get(button, 'value')]),
    [
      ['decision', 'allow'],
      ['decision', 'deny'],
    ],
  )
  assert.equal(get(allow, 'class'), get(deny, 'class'))
  assert.match(text(page.id('return-to')!), /notes\.acme\.example/)
  assert.equal(text(page.id('redirect-uri')!), 'https://notes.acme.example/callback?tenant=7')
  assert.match(text(page.id('account')!), /ada@example\.com/)
  assert.equal(get(page.id('switch-account-form'), 'action'), '/sign-in/018f/switch')
  assert.match(text(page.id('scopes')!), /Recognise you.*profile.*email.*even after you sign out/s)
  assert.match(text(dom('consent, warnings and resources').one('section')), /this very computer.*signed itself up/s)
  assert.match(text(dom('consent, app on this device').id('return-to')!), /app on this device/)
})

test('an error page tells code, request and time, and no more than was proved (pages.md, Error)', () => {
  const page = dom('error, not_found')
  assert.equal(text(page.id('error-code')!), 'not_found')
  assert.equal(text(page.id('request-id')!), '0190f7a2-6c1e-7d3a-9f55-3f0c2a1b4e77')
  assert.equal(text(page.one('time')), '2026-11-22 01:19:07 UTC')
  assert.doesNotMatch(text(page.one('main')), /Acme/)
  assert.match(text(dom('error, everything').one('main')), /Wait 45 seconds/)
})

test('an answer by form post carries its fields whole to the client (OAuth 2.0 Form Post §2)', () => {
  const page = dom('form-post')
  assert.equal(get(page.id('form-post'), 'action'), 'https://notes.acme.example/callback')
  assert.deepEqual(
    page.tags('input').map((input) => [get(input, 'name'), get(input, 'value')]),
    [
      ['code', 'ac_1'],
      ['state', '"><script>'],
      ['iss', 'https://id.example.com'],
    ],
  )
  assert.ok(page.id('continue'))
})

test('an issuer with a path finds its assets below that path (design.md §2.1)', () => {
  const markup = states(en, 'https://example.com/auth')[0]!.markup
  assert.ok(markup.includes(`href="/auth${stylesheet.path}?v=${stylesheet.version}"`))
})

test('initials are the first letters of two words, in any script (pages.md, Sign in)', () => {
  const shown = ['Acme Notes', 'acme', '  ', 'Éa-b c', '👩‍🚀 crew', '北京 大学', '<b>x'].map(initials)
  assert.deepEqual(shown, ['AN', 'A', '', 'ÉB', '👩‍🚀C', '北大', 'BX'])
})

test('sign-in weighs at most 14 KB in all, its script at most 8 KB (pages.md, rule 4)', () => {
  const heaviest = Math.max(
    ...states(de)
      .filter(({ name }) => name.startsWith('sign-in'))
      .map(({ markup }) => Buffer.byteLength(markup)),
  )
  const total = heaviest + stylesheet.gzip.length + enhancements.gzip.length
  assert.ok(total <= 14 * 1024, `${total} bytes`)
  assert.doesNotMatch(states(de).find(({ name }) => name === 'sign-in')?.markup ?? '', /account\.css/)
  for (const script of [enhancements, formPoster]) assert.ok(script.body.length <= 8 * 1024)
  assert.equal(new Set(assets.map(({ path }) => path)).size, assets.length)
})
