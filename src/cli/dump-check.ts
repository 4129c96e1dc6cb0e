/** Where a credential stands in a dump. Tells neither the credential nor its surroundings. */
export interface Leak {
  readonly dumpLine: number
  /** The table, as far as the dump has said. */
  readonly table: string | undefined
  /** Its line in the list of what was issued. */
  readonly issuedLine: number
  readonly form: string
}

interface Needle {
  readonly text: string
  readonly issuedLine: number
  readonly form: string
}

/** Shorter texts stand in any dump by chance. */
export const SHORTEST_CREDENTIAL = 8
const KEY = 8 // no needle is shorter

/**
 * Looks for credentials in the lines of a dump: as they are, in base64 and base64url at any offset, in hex, and as
 * PostgreSQL quotes text and bytea; those that spell random bytes are looked for as these bytes too. Digests and sealed
 * values of a credential are not found, and are meant to be there.
 * @param issued the credentials by line; empty lines count and are passed over
 * @param lines of the dump, one character a byte (latin1)
 */
export async function* leaksIn(lines: AsyncIterable<string>, issued: readonly string[]): AsyncGenerator<Leak> {
  const needlesAt = finder(issued.flatMap((credential, index) => needlesOf(credential, index + 1)))
  let dumpLine = 0
  let table: string | undefined
  for await (const line of lines) {
    dumpLine += 1
    table = /^(?:COPY|INSERT INTO) (\S+) /.exec(line)?.[1] ?? (line === '\\.' ? undefined : table)
    const told = new Set<number>()
    for (const { issuedLine, form } of needlesAt(line)) {
      if (told.has(issuedLine)) continue
      told.add(issuedLine)
      yield { dumpLine, table, issuedLine, form }
    }
  }
}

/** Finds many texts in one pass: a table of their first three characters lets nearly every position go by. */
function finder(needles: readonly Needle[]): (line: string) => Generator<Needle> {
  const begins = new Uint8Array(1 << 24)
  const byKey = Map.groupBy(needles, ({ text }) => text.slice(0, KEY))
  for (const { text } of needles) begins[tripleAt(text, 0)] = 1
  return function* (line) {
    for (let at = 0; at + KEY <= line.length; at++) {
      if (begins[tripleAt(line, at)] === 0) continue
      for (const needle of byKey.get(line.slice(at, at + KEY)) ?? []) {
        if (line.startsWith(needle.text, at)) yield needle
      }
    }
  }
}

const tripleAt = (text: string, at: number): number =>
  (text.charCodeAt(at) << 16) | (text.charCodeAt(at + 1) << 8) | text.charCodeAt(at + 2)

function needlesOf(credential: string, issuedLine: number): readonly Needle[] {
  if (credential === '') return []
  const text = Buffer.from(credential)
  const forms = [
    ...quotings(credential).map((quoted) => ['plain', Buffer.from(quoted).toString('latin1')] as const),
    ...encodings(text),
    ...bytesSpelledBy(credential).flatMap((bytes) => [
      ...encodings(bytes),
      ...byteaEscapes(bytes).map((escaped) => ['quoted bytea', escaped] as const),
    ]),
  ]
  return forms.map(([form, needle]) => ({ form, text: needle, issuedLine }))
}

/** As text stands in COPY lines, in SQL literals, in JSON, and in JSON in COPY lines. */
function quotings(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1)
  const copied = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('\t', '\\t')
  return [...new Set([text, copied(text), text.replaceAll("'", "''"), json, copied(json)])]
}

const encodings = (bytes: Buffer): readonly (readonly [string, string])[] => [
  ['hex', bytes.toString('hex')],
  ['hex', bytes.toString('hex').toUpperCase()],
  ...[0, 1, 2].flatMap((offset) => [
    ['base64', base64Within(bytes, offset, 'base64')] as const,
    ['base64url', base64Within(bytes, offset, 'base64url')] as const,
  ]),
]

/** The characters of an encoding that are the same whatever stands before and after the bytes. */
function base64Within(bytes: Buffer, offset: number, alphabet: 'base64' | 'base64url'): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString(alphabet)
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}

/** `bytea_output = escape`, in an SQL literal and in a COPY line. */
function byteaEscapes(bytes: Buffer): readonly string[] {
  const escaped = Array.from(bytes, (byte) => {
    if (byte === 0x5c) return '\\\\'
    return byte < 0x20 || byte > 0x7e ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte)
  }).join('')
  return [escaped, escaped.replaceAll('\\', '\\\\')]
}

const LEAST_BYTES = 10 // what is shorter was hardly meant as bytes

/** The bytes that a credential may be the spelling of: with our prefixes or without, in hex, base64 or base32. */
function bytesSpelledBy(credential: string): readonly Buffer[] {
  const bare = credential.replace(/^[a-z]{2,4}_/, '')
  const spelled: Buffer[] = []
  if (/^(?:[0-9a-f]{2})+$/i.test(bare)) spelled.push(Buffer.from(bare, 'hex'))
  if (/^[\w+/-]+={0,2}$/.test(bare)) spelled.push(Buffer.from(bare, 'base64'))
  if (/^[A-Z2-7]+=*$/.test(bare)) spelled.push(base32(bare))
  return spelled.filter(({ length }) => length >= LEAST_BYTES)
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648 §6, as secrets of authenticators are spelled. */
function base32(text: string): Buffer {
  const bits = Array.from(text.replace(/=+$/, ''), (sign) => BASE32.indexOf(sign).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/[01]{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
