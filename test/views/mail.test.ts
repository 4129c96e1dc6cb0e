import assert from 'node:assert/strict'
import { test } from 'node:test'
import { de } from '../../src/views/catalogue/de.ts'
import { en } from '../../src/views/catalogue/en.ts'
import type { Catalogue } from '../../src/views/catalogue/index.ts'
import type { Frame } from '../../src/views/page.ts'
import { Dom, get, text } from './dom.ts'
import { mails } from './mails.ts'
import { pseudoRtl } from './pseudo-rtl.ts'

const frame = (words: Catalogue): Frame => ({ words, issuer: 'https://id.example.com', deploymentName: 'Example ID' })
const squeezed = (shown: string) => shown.replaceAll(/\s+/g, '')

for (const catalogue of [en, de, pseudoRtl]) {
  test(`${catalogue.lang}: every mail says the same as text and as HTML (pages.md, Forgot / reset password)`, () => {
    for (const [name, { subject, text: plain, html }] of mails(frame(catalogue))) {
      assert.ok(subject.length > 0 && subject.length < 80, name)
      const page = new Dom(html)
      assert.equal(get(page.one('html'), 'lang'), catalogue.lang)
      assert.equal(get(page.one('html'), 'dir'), catalogue.dir)
      const shown = squeezed(text(page.one('body')))
      const missing = plain.split('\n').filter((line) => line !== '-- ' && !shown.includes(squeezed(line)))
      assert.deepEqual(missing, [], name)
      for (const link of page.tags('a')) assert.ok(plain.includes(get(link, 'href') ?? ' '), name)
    }
  })
}

test('a mail loads nothing, runs nothing and posts nothing (controls.md)', () => {
  for (const [name, { html }] of mails(frame(en))) {
    const page = new Dom(html)
    assert.equal(page.tags('script', 'img', 'link', 'form', 'iframe', 'base').length, 0, name)
    assert.doesNotMatch(html, /url\(|@import|\son\w+=/i, name)
  }
})

test('no name begins a header, a line or a tag of a mail (RFC 5322 §2.2)', () => {
  const hostile = 'a\r\nBcc: eve@evil.example\r\n\r\n<a href="https://evil.example">x</a>\u2028'
  for (const [name, { subject, html }] of mails({ ...frame(en), deploymentName: hostile }, hostile)) {
    assert.doesNotMatch(subject, /[\r\n\u2028]/, name)
    const links = new Dom(html).tags('a').map((link) => get(link, 'href') ?? '')
    assert.ok(
      links.every((href) => href.startsWith('https://id.example.com/')),
      name,
    )
  }
})

test('a link says how long it works, and every notice how to undo (pages.md, Account)', () => {
  const all = new Map(mails(frame(en)))
  assert.match(all.get('reset-password')!.text, /once, for 15 minutes/)
  assert.match(all.get('invitation')!.text, /once, for 7 days/)
  for (const name of [
    'password-changed',
    'factor-added',
    'factor-removed',
    'codes-renewed',
    'code-used',
    'new-device',
  ]) {
    assert.match(all.get(name)!.text, /If this was not you.*\n\n.*When: 2026-11-22 01:19:07 UTC/s, name)
    assert.match(all.get(name)!.text, /^https:\/\/id\.example\.com\/account$/m, name)
  }
})
