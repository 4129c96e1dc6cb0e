import { randomBytes, randomUUID } from 'node:crypto'

/** The source of everything that must not be guessed. */
export interface Random {
  bytes(length: number): Buffer
}

export const systemRandom: Random = { bytes: (length) => randomBytes(length) }

/** 256 random bits as base64url, behind a prefix by which a scanner recognises a leaked one. */
export const newToken = (random: Random, prefix: string): string => prefix + random.bytes(32).toString('base64url')

/** A UUIDv7: ordered by time, so that primary keys stay close together on disk. RFC 9562 §5.7 */
export function newId(random: Random, now: Date): string {
  const bytes = random.bytes(16)
  bytes.writeUIntBE(now.getTime(), 0, 6)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** A random UUID for what carries no order, such as a request id. */
export const newRequestId = (): string => randomUUID()

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** Whether PostgreSQL would take the text as a uuid written the way we write it. */
export const isId = (text: string): boolean => UUID.test(text)
