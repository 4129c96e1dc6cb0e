import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { Secret } from '../base/secret.ts'
import type { VaultLogin } from '../config/vault-settings.ts'
import { isDue, isEnough, type Lifetime, lifetime } from './lifetime.ts'
import { type VaultClient, VaultError, type VaultRequest } from './vault-client.ts'

interface Token {
  readonly value: Secret
  readonly life: Lifetime
}

/** Logged in to the vault, for as long as the server runs. */
export interface VaultSession {
  /** Asks with the token; when that is no longer good, logs in again and asks once more. @throws VaultError */
  ask(request: Omit<VaultRequest, 'token'>): Promise<unknown>
  /** Counts the tokens. What one of them leased ends with it. */
  tokens(): number
  /** Renews the token when half of its life is over, or logs in again when it cannot be renewed. @throws VaultError */
  keep(): Promise<void>
  /** Ends a token that was made for this server, and with it all that it leased. One that was given lives on. */
  close(): Promise<void>
}

const auth = z.object({
  auth: z.object({ client_token: z.string(), lease_duration: z.number(), renewable: z.boolean() }),
})
const lookup = z.object({
  data: z.object({ ttl: z.number(), creation_ttl: z.number(), renewable: z.boolean().default(false) }),
})

/** Logs in. @throws VaultError */
export async function vaultSession(client: VaultClient, login: () => VaultLogin, clock: Clock): Promise<VaultSession> {
  let token = await logIn()
  let tokens = 1

  async function logIn(): Promise<Token> {
    const how = login()
    if (how.kind === 'token') {
      const { data } = readAs(lookup, await client({ path: 'auth/token/lookup-self', token: how.token }))
      return { value: how.token, life: lifetime(clock.now(), data.ttl, data.renewable, data.creation_ttl) }
    }
    const body = { role_id: how.roleId.reveal(), secret_id: how.secretId.reveal() }
    const { auth: given } = readAs(auth, await client({ path: 'auth/approle/login', body }))
    return { value: new Secret(given.client_token), life: lifetime(clock.now(), given.lease_duration, given.renewable) }
  }

  async function isGood(value: Secret): Promise<boolean> {
    try {
      await client({ path: 'auth/token/lookup-self', token: value })
      return true
    } catch (error) {
      if (error instanceof VaultError && error.failure === 'denied') return false
      throw error
    }
  }

  async function logInAgain(): Promise<void> {
    const next = await logIn()
    if (next.value.reveal() !== token.value.reveal()) tokens += 1
    token = next
  }

  async function renewed(): Promise<boolean> {
    try {
      const answer = await client({ path: 'auth/token/renew-self', token: token.value, body: {} })
      const { lease_duration: seconds, renewable } = readAs(auth, answer).auth
      if (!isEnough(token.life, seconds)) return false
      token = { ...token, life: lifetime(clock.now(), seconds, renewable, token.life.fullSeconds) }
      return true
    } catch (error) {
      if (error instanceof VaultError && error.failure !== 'unavailable') return false
      throw error
    }
  }

  return {
    async ask(request) {
      const { value } = token
      try {
        return await client({ ...request, token: value })
      } catch (error) {
        if (!(error instanceof VaultError) || error.failure !== 'denied') throw error
        if (token.value === value) {
          if (await isGood(value)) throw error // it is a policy that denies
          await logInAgain()
        }
        return await client({ ...request, token: token.value })
      }
    },
    tokens: () => tokens,
    async keep() {
      if (!isDue(token.life, clock.now())) return
      if (token.life.isRenewable && (await renewed())) return
      await logInAgain()
    },
    async close() {
      if (login().kind === 'token') return
      await client({ path: 'auth/token/revoke-self', token: token.value, body: {} }).catch(unlessGone)
    },
  }
}

/** What the vault does not know any more needs no end. */
export function unlessGone(error: unknown): void {
  if (!(error instanceof VaultError) || error.failure === 'unavailable') throw error
}

/** @throws VaultError when the answer is not what the API says. What it was is not told: it may hold a secret. */
export function readAs<Shape extends z.ZodType>(shape: Shape, answer: unknown): z.output<Shape> {
  const result = shape.safeParse(answer)
  if (!result.success) throw new VaultError('unreadable')
  return result.data
}
