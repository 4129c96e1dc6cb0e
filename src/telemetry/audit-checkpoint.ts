import { fromNumericDate, numericDate } from '../base/numeric-date.ts'
import type { ChainLink } from '../store/audit-chain.ts'

/** How the chain stood at a time, by our own word. */
export interface Checkpoint extends ChainLink {
  readonly at: Date
}

interface Signer {
  sign(text: string): Buffer
}
interface Verifier {
  verify(text: string, signature: Uint8Array): boolean
}

// One word, so that it can be copied from a log line to a command; and no JWT, which the log would not print.
const STATEMENT =
  /^(?<claim>postern-audit\.1\.(?<seq>\d{1,15})\.(?<at>\d{1,11})\.(?<hash>[0-9a-f]{64}))\.(?<signature>[0-9a-f]{128})$/

/** States a place of the chain: number, time in seconds since 1970, hash, and the signature over all that stands before it. */
export function stateCheckpoint(key: Signer, { seq, hash }: ChainLink, at: Date): string {
  const claim = `postern-audit.1.${seq}.${numericDate(at)}.${hash.toString('hex')}`
  return `${claim}.${key.sign(claim).toString('hex')}`
}

/** Reads a statement; `undefined` when this deployment has not signed it. Whether the chain still stands so is not asked. */
export function readCheckpoint(key: Verifier, statement: string): Checkpoint | undefined {
  const { claim, seq, at, hash, signature } = STATEMENT.exec(statement)?.groups ?? {}
  if (!claim || !hash || !signature || !key.verify(claim, Buffer.from(signature, 'hex'))) return undefined
  return { seq: Number(seq), at: fromNumericDate(Number(at)), hash: Buffer.from(hash, 'hex') }
}
