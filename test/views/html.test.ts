import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DefaultTreeAdapterMap, parse } from 'parse5'
import { type Html, html, url } from '../../src/views/html.ts'

type Node = DefaultTreeAdapterMap['node']
interface Shape {
  readonly name: string
  readonly attributes: readonly string[]
  readonly children: readonly Shape[]
}

/** The elements and attribute names of a tree: what no value may change. */
function shapeOf(node: Node): Shape {
  const children = 'childNodes' in node ? node.childNodes.filter((child) => child.nodeName !== '#text') : []
  const attributes = 'attrs' in node ? node.attrs.map(({ name }) => name) : []
  return { name: node.nodeName, attributes, children: children.map(shapeOf) }
}

const find = (node: Node, id: string): Node | undefined => {
  if ('attrs' in node && node.attrs.some(({ name, value }) => name === 'id' && value === id)) return node
  for (const child of 'childNodes' in node ? node.childNodes : []) {
    const found = find(child, id)
    if (found) return found
  }
  return undefined
}
const attribute = (node: Node | undefined, name: string): string | undefined =>
  node && 'attrs' in node ? node.attrs.find((each) => each.name === name)?.value : undefined
const text = (node: Node | undefined): string =>
  node && 'value' in node
    ? node.value
    : node && 'childNodes' in node
      ? (node.childNodes as Node[]).map(text).join('')
      : ''

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        ...['<', '>', '"', "'", '`', '=', '/', '&', '&lt', '&#', ';', '\0', '\r', '\n', '\t', ' ', 'x', 'onload='],
        ...[
          '<script>',
          '</script>',
          '</title>',
          '</textarea>',
          '<!--',
          '-->',
          ']]>',
          '<![CDATA[',
          '<svg/onload=',
          '</p>',
        ],
        ...['javascript:', '\u2028', '\ufeff', '\ud800', '&#0;', '&NewLine;'],
      ),
    )
    .map((pieces) => pieces.join('')),
)
const received = (value: string) => value.replaceAll('\0', '\uFFFD')

const everywhere = (value: string): Html => html`<!doctype html><html><head><title>${value}</title></head><body>
  <p id="text">${value}</p><p id="part" class="a ${value} b" title="${value}">${[value, html`<b>${value}</b>`]}</p>
  <textarea id="area">.${value}</textarea><input id="input" value="${value}" /><svg viewBox="0 0 1 1"><text id="t">${value}</text></svg>
  <table><tr><td>${value}</td></tr></table><select><option value="${value}">${value}</option></select></body></html>`

test('no value changes the tree that a parser builds, and each arrives whole (pages.md, Templates)', () => {
  const shape = shapeOf(parse(everywhere('x').toString()))
  fc.assert(
    fc.property(hostile, (value) => {
      const tree = parse(everywhere(value).toString())
      assert.deepEqual(shapeOf(tree), shape)
      assert.equal(attribute(find(tree, 'input'), 'value'), received(value))
      assert.equal(attribute(find(tree, 'part'), 'class'), `a ${received(value)} b`)
      assert.equal(text(find(tree, 'text')), received(value))
      assert.equal(text(find(tree, 't')), received(value))
      assert.equal(text(find(tree, 'area')), `.${received(value)}`)
    }),
    { numRuns: 1000 },
  )
})

test('an address that url() lets through keeps its page on https, its own origin or a given scheme (pages.md, Templates)', () => {
  const address = fc.oneof(
    hostile,
    fc
      .array(
        fc.constantFrom(
          '/',
          '\\',
          '//',
          'https:',
          'javascript:',
          'JaVaScript:',
          '\t',
          '\n',
          '@',
          '?',
          '#',
          'evil.test',
          ':',
          '.',
        ),
      )
      .map((pieces) => pieces.join('')),
    fc.webUrl(),
  )
  fc.assert(
    fc.property(address, (value) => {
      let link: string
      try {
        link = html`<a id="a" href="${url(value)}">x</a>`.toString()
      } catch (fault) {
        assert.ok(fault instanceof TypeError)
        return
      }
      const resolved = new URL(attribute(find(parse(link), 'a'), 'href') ?? '', 'https://postern.test/page')
      assert.equal(resolved.protocol, 'https:')
      assert.ok(
        value.startsWith('https://') || value.startsWith('HTTPS://') || resolved.origin === 'https://postern.test',
        value,
      )
    }),
    { numRuns: 2000 },
  )
})

test('absent values render nothing and take their attribute with them (pages.md, Templates)', () => {
  assert.equal(html`<p>${undefined}${false}${[]}</p>`.toString(), '<p></p>')
  assert.equal(
    html`<i a="${undefined}" b="${false}" c="${true}" d="${''}" e="${0}">${0}</i>`.toString(),
    '<i c d="" e="0">0</i>',
  )
  assert.equal(
    html`<i class="a ${undefined}">${['<', html`<b>${'>'}</b>`]}</i>`.toString(),
    '<i class="a ">&lt;<b>&gt;</b></i>',
  )
})

const unsafe: ReadonlyArray<readonly [string, () => unknown]> = [
  ['a tag name', () => html`<${'p'}>`],
  ['the end of a tag name', () => html`<h${1}>x</h1>`],
  ['a closing tag', () => html`<p></${'p'}>`],
  ['an attribute name', () => html`<p ${'hidden'}>x</p>`],
  ['the end of an attribute name', () => html`<p data-${'x'}="1">x</p>`],
  ['an unquoted attribute', () => html`<p class=${'a'}>x</p>`],
  ['a single-quoted attribute', () => html`<p class='${'a'}'>x</p>`],
  ['a script', () => html`<script>${'a'}</script>`],
  ['a script among other words', () => html`<script>let a = "${'a'}"</script>`],
  ['a style', () => html`<style>${'a'}</style>`],
  ['a style attribute', () => html`<p style="${'a'}">x</p>`],
  ['part of a style attribute', () => html`<p style="color: ${'a'}">x</p>`],
  ['an event handler', () => html`<p onclick="${'a'}">x</p>`],
  ['part of an event handler', () => html`<p ONCLICK="f('${'a'}')">x</p>`],
  ['srcdoc', () => html`<iframe srcdoc="${'a'}"></iframe>`],
  ['a meta element', () => html`<meta http-equiv="refresh" content="0;url=${'a'}">`],
  ['a base element', () => html`<base href="${url('/a')}">`],
  ['a comment', () => html`<!-- ${'a'} -->`],
  ['the doctype', () => html`<!doctype ${'a'}>`],
  ['an address as a plain string', () => html`<a href="${'/a'}">x</a>`],
  ['an address as markup', () => html`<a href="${html`/a`}">x</a>`],
  ['part of an address', () => html`<a href="/a/${url('/b')}">x</a>`],
  ['an attribute as markup', () => html`<p title="${html`a`}">x</p>`],
  ['an attribute left open', () => html`<p title="${'a'}`],
  ['a tag left open', () => html`<p title="${'a'}"`],
  ['a script left open', () => html`<p>${'a'}</p><script>`],
]
for (const [where, template] of unsafe) {
  test(`a template with a value in ${where} throws (pages.md, Templates)`, () => {
    assert.throws(template, TypeError)
  })
}

test('what is not text, markup or a list of them is refused, not printed (pages.md, Templates)', () => {
  for (const value of [null, {}, true, () => 'x', Symbol('x'), { toString: () => '<b>' }]) {
    assert.throws(() => html`<p>${value as string}</p>`, TypeError)
  }
})

test('url() refuses what leaves the origin unseen or runs as script (pages.md, Templates)', () => {
  const refused = [
    'javascript:alert(1)',
    'data:text/html,x',
    'http://a.test',
    '//evil.test',
    '/\\evil.test',
    '/\t/evil.test',
    'https:evil',
    'page',
    '',
  ]
  for (const address of refused) assert.throws(() => url(address), TypeError, address)
  assert.throws(() => url('javascript:alert(1)', ['javascript']), TypeError)
  for (const address of ['/', '/sign-in?a=b', '#username', '?page=2', 'https://a.test/b'])
    assert.equal(url(address).toString(), address)
  assert.equal(url('com.example.app:/callback', ['com.example.app']).toString(), 'com.example.app:/callback')
  assert.equal(url('http://127.0.0.1:5000/cb', ['http']).toString(), 'http://127.0.0.1:5000/cb')
})
