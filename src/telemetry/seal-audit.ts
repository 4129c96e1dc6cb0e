import { createHash } from 'node:crypto'
import type { ChainLink, StoredEvent } from '../store/audit-chain.ts'

/** Where a chain begins, before its first seal. */
export const CHAIN_START: ChainLink = { seq: 0, hash: Buffer.alloc(32) }

/** An event with its place in the chain. */
export interface Seal extends ChainLink {
  readonly eventId: string
  readonly text: string
}

/**
 * The one text of an event: JSON with its members in the order of their names, and none that is null, so that a column
 * which comes later changes no text of before. Holds no personal data: that stands beside the event.
 */
export const canonicalText = (event: StoredEvent): string => JSON.stringify(canonical(event))

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined)
  members.sort(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, canonical(member)]))
}

/** SHA-256 over the hash before, which is always 32 bytes long, and the text. */
export const sealHash = (before: Uint8Array, text: string): Buffer =>
  createHash('sha256').update(before).update(text).digest()

/** Links events to the end of a chain, in their order. */
export function sealEvents(head: ChainLink, events: readonly StoredEvent[]): readonly Seal[] {
  const seals: Seal[] = []
  let last = head
  for (const event of events) {
    const text = canonicalText(event)
    const seal = { seq: last.seq + 1, eventId: event.id, text, hash: sealHash(last.hash, text) }
    seals.push(seal)
    last = seal
  }
  return seals
}
