// accounts: people and their credentials. Passwords, sign-in, sign-up, limits on guessing. Nothing here knows OAuth.

import { argon2id, hash, needsRehash, verify } from 'argon2'
import type { StoredPassword } from '../store/users.ts'
import { type Lane, type Permits, permits } from './permits.ts'

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const WAITING_PER_PERMIT = 20

export interface Passwords {
  hash(password: string): Promise<StoredPassword | 'busy'>
  /**
   * Compares a password. Where there is no user, or one without a password, it costs the same as where there is.
   * @param lane whose turn it is: a stranger's, unless the account knows the device
   * @returns `upgrade` when it is right and its hash is weaker than ours
   */
  check(
    password: string,
    stored: StoredPassword | null | undefined,
    lane?: Lane,
  ): Promise<'right' | 'upgrade' | 'wrong' | 'busy'>
  /** How many are hashed now, and how many wait. */
  load: Permits['load']
}

/**
 * Hashes passwords with argon2id and this deployment's pepper, at most so many at a time: one hash costs as much processor
 * time as seventy-five signatures, in the same thread pool.
 */
export async function passwords(pepper: Buffer, atOnce: number): Promise<Passwords> {
  const turns = permits(atOnce, atOnce * WAITING_PER_PERMIT)
  const peppered = { ...PARAMETERS, secret: pepper }
  const nobodys: StoredPassword = { phc: await hash('nobody has this password', peppered), peppered: true }
  return {
    load: turns.load,
    hash: (password) => turns.run('strangers', async () => ({ phc: await hash(password, peppered), peppered: true })),
    check: (password, stored, lane = 'strangers') =>
      turns.run(lane, async () => {
        const { phc, peppered: isPeppered } = stored ?? nobodys
        const isRight = await verify(phc, password, isPeppered ? { secret: pepper } : {})
        if (!stored || !isRight) return 'wrong'
        return isPeppered && !needsRehash(phc, PARAMETERS) ? 'right' : 'upgrade'
      }),
  }
}

const PHC = /^\$argon2id\$v=19\$([a-z]=\d{1,9}(?:,[a-z]=\d{1,9}){2})\$[A-Za-z0-9+/]{22,88}\$[A-Za-z0-9+/]{43,88}$/

/** Whether a text is a password hash that this server can check in reasonable time: argon2id, of at least 8 MiB and at most 1 GiB. */
export function isStrongHash(phc: string): boolean {
  const [, parameters = ''] = PHC.exec(phc) ?? []
  const {
    m = 0,
    t = 0,
    p = 0,
  } = Object.fromEntries(
    parameters.split(',').map((part): [string, number] => [part.slice(0, 1), Number(part.slice(2))]),
  )
  return m >= 8192 && m <= 1_048_576 && t >= 1 && t <= 16 && p >= 1 && p <= 16
}
