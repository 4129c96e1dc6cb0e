// accounts: people and their credentials. Passwords, sign-in, sign-up, limits on guessing. Nothing here knows OAuth.

import { argon2id, hash, needsRehash, verify } from 'argon2'
import type { StoredPassword } from '../store/users.ts'
import { permits } from './permits.ts'

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const WAITING_PER_PERMIT = 20

export interface Passwords {
  hash(password: string): Promise<StoredPassword | 'busy'>
  /**
   * Compares a password. Where there is no user, or one without a password, it costs the same as where there is.
   * @returns `upgrade` when it is right and its hash is weaker than ours
   */
  check(password: string, stored: StoredPassword | null | undefined): Promise<'right' | 'upgrade' | 'wrong' | 'busy'>
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
    hash: (password) => turns.run(async () => ({ phc: await hash(password, peppered), peppered: true })),
    check: (password, stored) =>
      turns.run(async () => {
        const { phc, peppered: isPeppered } = stored ?? nobodys
        const isRight = await verify(phc, password, isPeppered ? { secret: pepper } : {})
        if (!stored || !isRight) return 'wrong'
        return isPeppered && !needsRehash(phc, PARAMETERS) ? 'right' : 'upgrade'
      }),
  }
}

/** Whether a text is a password hash that this server can check: argon2id, at least as strong as ours. */
export const isStrongHash = (phc: string): boolean => {
  const [, memory, passes] =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$[A-Za-z0-9+/]{22,}\$[A-Za-z0-9+/]{43,}$/.exec(phc) ?? []
  return memory !== undefined && Number(memory) >= 8192 && Number(passes) >= 1 && Number(memory) <= 1_048_576
}
