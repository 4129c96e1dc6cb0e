import { generateSecret, generateURI, verifySync } from 'otplib'
import type { Clock } from '../base/clock.ts'
import { numericDate } from '../base/numeric-date.ts'
import { newId, type Random } from '../base/random.ts'
import type { Sealer } from '../base/seal.ts'
import type { Store } from '../store/index.ts'
import type { Totp } from '../store/second-factors.ts'

export interface TotpDeps {
  readonly clock: Clock
  readonly random: Random
  readonly store: Pick<Store, 'secondFactors'>
  readonly sealer: Sealer
}

const SECRET_BYTES = 20 // 160 bits, "RECOMMENDED" by RFC 4226 §4 R6
const STEP_SECONDS = 30
const CODE = /^\d{6}$/

const place = (id: string): string => `totp/secret/${id}`

/** The six digits that were meant: people type spaces and dashes between them. */
export const normalisedCode = (typed: string): string => typed.replaceAll(/[\s-]/g, '')

/**
 * Which time step a code belongs to: the present one, or its neighbours, for clocks that differ by up to half a minute.
 * RFC 6238 §5.2. Does not check that the step was not used before.
 */
export function matchingStep(secret: string, code: string, now: Date): number | undefined {
  if (!CODE.test(code)) return undefined
  const result = verifySync({ secret, token: code, epoch: numericDate(now), epochTolerance: STEP_SECONDS })
  return result.valid && 'timeStep' in result ? result.timeStep : undefined
}

/** An enrolment as its page shows it. */
export interface Enrolment {
  readonly id: string
  readonly name: string
  /** In base32, as authenticators take it. */
  readonly secret: string
  readonly uri: string
}

/** Begins the enrolment of an authenticator: a random secret, sealed, that counts for nothing yet. */
export async function beginEnrolment(deps: TotpDeps, userId: string, sessionId: string, name: string): Promise<void> {
  const id = newId(deps.random, deps.clock.now())
  const secret = generateSecret({ length: SECRET_BYTES })
  const sealed = deps.sealer.seal(Buffer.from(secret), place(id))
  await deps.store.secondFactors.beginTotp(userId, { id, name, secret: sealed, sessionId })
}

/** The enrolment that a session has begun, for its own eyes alone. */
export async function openEnrolment(
  deps: TotpDeps,
  user: { readonly id: string; readonly label: string },
  sessionId: string,
  issuerName: string,
): Promise<Enrolment | undefined> {
  const totp = await deps.store.secondFactors.findEnrolment(user.id, sessionId)
  if (!totp) return undefined
  const secret = secretOf(deps, totp)
  return { id: totp.id, name: totp.name, secret, uri: generateURI({ issuer: issuerName, label: user.label, secret }) }
}

/** The authenticator that a code belongs to, and the step that it stands for. */
export function matchCode(
  deps: TotpDeps,
  authenticators: readonly Totp[],
  code: string,
): { readonly id: string; readonly step: number } | undefined {
  for (const totp of authenticators) {
    const step = matchingStep(secretOf(deps, totp), code, deps.clock.now())
    if (step !== undefined) return { id: totp.id, step }
  }
  return undefined
}

/** @throws when the secret was sealed for another row, or under another key: a fault of the database, not of the user */
function secretOf({ sealer }: TotpDeps, { id, secret }: Totp): string {
  const plain = sealer.open(secret, place(id))
  if (!plain) throw new Error('the secret of an authenticator does not open')
  return plain.toString()
}
