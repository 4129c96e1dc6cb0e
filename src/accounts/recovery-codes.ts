import type { Clock } from '../base/clock.ts'
import { hmac } from '../base/digest.ts'
import { newId, type Random } from '../base/random.ts'
import type { Sealer } from '../base/seal.ts'
import type { AuditEvent } from '../store/audit.ts'
import type { Store } from '../store/index.ts'
import type { Outgoing } from '../store/outbox.ts'
import type { NewRecoveryCode } from '../store/recovery-codes.ts'
import type { Passwords } from './password.ts'

export interface RecoveryDeps {
  readonly clock: Clock
  readonly random: Random
  readonly store: Pick<Store, 'recoveryCodes'>
  readonly passwords: Passwords
  readonly sealer: Sealer
  readonly derived: { readonly recovery: Buffer }
}

const HOW_MANY = 10
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789x' // 32 signs, none of them mistaken for another; x twice evens the bits
const LENGTH = 12

const place = (userId: string): string => `recovery_reveal/codes/${userId}`

/** The form in which a code is compared: people type capitals, spaces and dashes as they like. */
const normalisedRecoveryCode = (typed: string): string => typed.toLowerCase().replaceAll(/[\s-]/g, '')

const newCode = (random: Random): string => [...random.bytes(LENGTH)].map((byte) => ALPHABET[byte & 31]).join('')

/** As people read it: three groups of four. */
const grouped = (code: string): string => code.replace(/(.{4})(?=.)/g, '$1-')

const lookupOf = ({ derived }: RecoveryDeps, userId: string, code: string): Buffer =>
  hmac(derived.recovery, `${userId}\0${code}`).subarray(0, 16)

/**
 * Issues ten new codes and kills the old ones. They are hashed like passwords, for they stand for one; a sealed copy waits
 * for its owner to say that they are saved.
 * @returns `busy` when too many hashes are waiting
 */
export async function issueRecoveryCodes(
  deps: RecoveryDeps,
  userId: string,
  sessionId: string,
  event: AuditEvent,
  notices: readonly Outgoing[] = [],
): Promise<'issued' | 'busy'> {
  const codes = Array.from({ length: HOW_MANY }, () => newCode(deps.random))
  const rows: NewRecoveryCode[] = []
  for (const code of codes) {
    const hashed = await deps.passwords.hash(code)
    if (hashed === 'busy') return 'busy'
    rows.push({ id: newId(deps.random, deps.clock.now()), lookup: lookupOf(deps, userId, code), phc: hashed.phc })
  }
  const sealed = deps.sealer.seal(Buffer.from(codes.map(grouped).join('\n')), place(userId))
  await deps.store.recoveryCodes.replace(userId, rows, { sessionId, sealed }, event, notices)
  return 'issued'
}

/** The codes that this session has still to save; `undefined` once it has. */
export async function unsavedRecoveryCodes(
  deps: RecoveryDeps,
  userId: string,
  sessionId: string,
): Promise<readonly string[] | undefined> {
  const sealed = await deps.store.recoveryCodes.findReveal(userId, sessionId)
  const plain = sealed && deps.sealer.open(sealed, place(userId))
  return plain?.toString().split('\n')
}

/** The id of the unused code that was typed. One hash, whether there is such a code or not. */
export async function matchRecoveryCode(
  deps: RecoveryDeps,
  userId: string,
  typed: string,
): Promise<{ readonly id: string } | 'wrong' | 'busy'> {
  const code = normalisedRecoveryCode(typed)
  const found = await deps.store.recoveryCodes.find(userId, lookupOf(deps, userId, code))
  const verdict = await deps.passwords.check(code, found && { phc: found.phc, peppered: true })
  if (verdict === 'busy') return 'busy'
  return found && verdict !== 'wrong' ? { id: found.id } : 'wrong'
}
