import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { Secret } from '../base/secret.ts'
import type { CredentialSource, Credentials } from '../store/credentials.ts'
import { isDue, isEnough, type Lifetime, lifetime } from './lifetime.ts'
import { VaultError } from './vault-client.ts'
import { readAs, unlessGone, type VaultSession } from './vault-session.ts'

/** Credentials for the database that the vault made for this node. */
interface Lease extends Credentials {
  readonly id: string
  /** The token that it ends with, by its count. */
  readonly token: number
  life: Lifetime
  connections: number
}

export interface DatabaseLease {
  readonly credentials: CredentialSource
  /**
   * Does what is due: renews the lease at half of its life; where it cannot be renewed far enough, gets another one for new
   * connections, and ends the old one when its last connection is gone. @throws VaultError, after which the last lease goes on
   */
  keep(): Promise<void>
  /** Ends every lease. Its connections are to be closed before. */
  close(): Promise<void>
}

const leased = z.object({
  lease_id: z.string(),
  lease_duration: z.number(),
  renewable: z.boolean(),
  data: z.object({ username: z.string(), password: z.string() }),
})
const renewal = z.object({ lease_duration: z.number(), renewable: z.boolean() })

/** Leases credentials from the database engine. @throws VaultError */
export async function databaseLease(session: VaultSession, path: string, clock: Clock): Promise<DatabaseLease> {
  let current = await lease()
  let isRefused = false
  const outdated = new Set<Lease>()

  async function lease(): Promise<Lease> {
    const answer = readAs(leased, await session.ask({ path }))
    return {
      id: answer.lease_id,
      username: answer.data.username,
      password: new Secret(answer.data.password),
      token: session.tokens(),
      life: lifetime(clock.now(), answer.lease_duration, answer.renewable),
      connections: 0,
    }
  }

  async function isRenewed(): Promise<boolean> {
    try {
      const body = { lease_id: current.id, increment: current.life.fullSeconds }
      const { lease_duration: seconds, renewable } = readAs(
        renewal,
        await session.ask({ path: 'sys/leases/renew', body }),
      )
      if (!isEnough(current.life, seconds)) return false
      current.life = lifetime(clock.now(), seconds, renewable, current.life.fullSeconds)
      return true
    } catch (error) {
      if (error instanceof VaultError && error.failure !== 'unavailable') return false
      throw error
    }
  }

  async function replace(): Promise<void> {
    const next = await lease()
    outdated.add(current)
    current = next
    isRefused = false
  }

  async function endDrained(): Promise<void> {
    for (const old of outdated) {
      if (old.connections > 0) continue
      await end(old)
      outdated.delete(old)
    }
  }

  async function end({ id }: Lease): Promise<void> {
    await session.ask({ path: 'sys/leases/revoke', body: { lease_id: id } }).catch(unlessGone)
  }

  const counted = (credentials: Credentials, change: number) => {
    for (const each of [current, ...outdated]) if (each === credentials) each.connections += change
  }

  return {
    credentials: {
      current: () => current,
      opened: (credentials) => counted(credentials, 1),
      closed: (credentials) => counted(credentials, -1),
      refused: () => {
        isRefused = true
      },
    },
    async keep() {
      const isLost = isRefused || current.token !== session.tokens()
      if (isLost) await replace()
      else if (isDue(current.life, clock.now()) && !(current.life.isRenewable && (await isRenewed()))) await replace()
      await endDrained()
    },
    async close() {
      for (const each of [current, ...outdated]) await end(each)
    },
  }
}
