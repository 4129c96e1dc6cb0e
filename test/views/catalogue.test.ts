import assert from 'node:assert/strict'
import { test } from 'node:test'
import { de } from '../../src/views/catalogue/de.ts'
import { en, words } from '../../src/views/catalogue/en.ts'
import { fill, fillText, waitInWords } from '../../src/views/catalogue/fill.ts'
import { pickCatalogue } from '../../src/views/catalogue/index.ts'
import { html } from '../../src/views/html.ts'
import { pseudoRtl } from './pseudo-rtl.ts'

const places = (value: unknown): unknown =>
  typeof value === 'string'
    ? (value.match(/\{\w+\}/g) ?? []).sort()
    : Object.entries(value as object).map(([key, each]) => [key, places(each)])
const only = ({ ...catalogue }: object) =>
  Object.fromEntries(Object.keys(words).map((key) => [key, Reflect.get(catalogue, key)]))

for (const catalogue of [de, pseudoRtl]) {
  test(`the messages of ${catalogue.lang} have the places of the English ones (pages.md, rule 6)`, () => {
    assert.deepEqual(places(only(catalogue)), places(words))
  })
}

const choices: ReadonlyArray<readonly [string | undefined, string | undefined, string]> = [
  [undefined, undefined, 'en'],
  ['', '', 'en'],
  [undefined, 'de', 'de'],
  [undefined, 'de-AT,en;q=0.8', 'de'],
  [undefined, 'en;q=0.5, de;q=0.9', 'de'],
  [undefined, 'de;q=0, en', 'en'],
  [undefined, 'de;q=nonsense', 'en'],
  [undefined, 'fr, *;q=0.1', 'en'],
  ['de', 'en', 'de'],
  ['fr DE-ch', 'en', 'de'],
  ['fr', 'de', 'de'],
  ['en de', 'de', 'en'],
  [undefined, `${'x,'.repeat(5000)}de`, 'en'],
]
for (const [uiLocales, acceptLanguage, lang] of choices) {
  test(`ui_locales ${uiLocales} and Accept-Language ${acceptLanguage?.slice(0, 40)} give ${lang} (OIDC Core §3.1.2.1, RFC 9110 §12.5.4)`, () => {
    assert.equal(pickCatalogue(uiLocales, acceptLanguage).lang, lang)
  })
}

test('a filled place is escaped and set apart from the direction of its sentence (pages.md, rule 6)', () => {
  assert.equal(fill('to {client}!', { client: '<b>' }).toString(), 'to <bdi>&lt;b&gt;</bdi>!')
  assert.equal(fill('to {client}', { client: html`<b>A</b>` }).toString(), 'to <b>A</b>')
  assert.equal(fillText('Allow {client}?', { client: '{other} <b>' }), 'Allow {other} <b>?')
  assert.throws(() => fill('to {client}', {}), /a place/)
})

test('a wait is told in the largest unit that fits, never as too short (pages.md, Sign in)', () => {
  const waits = [0, 1, 59, 60, 61, 3599, 3600, 7000].map((seconds) => waitInWords('en', seconds))
  assert.deepEqual(waits, [
    '1 second',
    '1 second',
    '59 seconds',
    '1 minute',
    '2 minutes',
    '60 minutes',
    '1 hour',
    '2 hours',
  ])
  assert.equal(waitInWords(de.lang, 90), '2 Minuten')
  assert.equal(waitInWords(en.lang, 90), '2 minutes')
})
