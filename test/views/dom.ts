import assert from 'node:assert/strict'
import { type DefaultTreeAdapterMap, defaultTreeAdapter, parse } from 'parse5'

export type Element = DefaultTreeAdapterMap['element']
export type Node = DefaultTreeAdapterMap['node']

export const isElement = (node: Node): node is Element => 'tagName' in node
export const childrenOf = (node: Node): readonly Node[] => ('childNodes' in node ? node.childNodes : [])
export const elements = (node: Node): readonly Element[] =>
  childrenOf(node).flatMap((child) => (isElement(child) ? [child, ...elements(child)] : []))
export const get = (element: Element | undefined, name: string): string | undefined =>
  element?.attrs.find((each) => each.name === name)?.value
export const text = (node: Node): string =>
  defaultTreeAdapter.isTextNode(node) ? node.value : childrenOf(node).map(text).join('')

/** A page as a browser reads it. */
export class Dom {
  readonly all: readonly Element[]
  readonly document: DefaultTreeAdapterMap['document']
  constructor(markup: string) {
    this.document = parse(markup)
    this.all = elements(this.document)
  }
  tags(...names: readonly string[]): readonly Element[] {
    return this.all.filter(({ tagName }) => names.includes(tagName))
  }
  one(name: string): Element {
    const found = this.tags(name)
    assert.equal(found.length, 1, `one ${name}`)
    return found[0]!
  }
  id(id: string): Element | undefined {
    return this.all.find((element) => get(element, 'id') === id)
  }
}
