import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { newId, type Random } from '../base/random.ts'
import type { Sealer } from '../base/seal.ts'
import type { Config } from '../config/config.ts'
import type { Outgoing, Waiting } from '../store/outbox.ts'

/** When something was done, and from where, as far as that is known. */
const event = z.object({
  time: z.coerce.date(),
  userAgent: z.string().exactOptional(),
  address: z.string().exactOptional(),
})

const about = { account: z.string(), name: z.string().exactOptional() }
const link = { href: z.string(), lifetimeSeconds: z.number() }
const notice = { ...about, event }

/** What a mail says, before it is put into words. */
const letter = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('reset-password'), ...about, ...link }),
  z.object({ kind: z.literal('verify-email'), ...about, ...link, email: z.string() }),
  z.object({ kind: z.literal('invitation'), ...link }),
  z.object({
    kind: z.enum(['password-changed', 'recovery-codes-renewed', 'new-device', 'account-deleted']),
    ...notice,
  }),
  z.object({ kind: z.enum(['factor-added', 'factor-removed']), ...notice, factor: z.string() }),
  z.object({ kind: z.literal('recovery-code-used'), ...notice, left: z.number() }),
  z.object({ kind: z.literal('email-change-requested'), ...notice, email: z.string() }),
  z.object({ kind: z.literal('email-changed'), ...notice, email: z.string(), side: z.enum(['old', 'new']) }),
  z.object({ kind: z.literal('strangers-shut-out'), ...about }),
])
export type Letter = z.output<typeof letter>

/** A letter with where it goes, and in which language: a BCP 47 tag. */
const envelope = z.object({ to: z.string(), language: z.string(), letter })
export type Envelope = z.output<typeof envelope>

export interface LetterDeps {
  readonly clock: Clock
  readonly random: Random
  readonly sealer: Sealer
  readonly config: Pick<Config, 'mail' | 'issuer'>
}

const place = (id: string): string => `outbox/payload/${id}`

/**
 * Seals a letter for the outbox: it may hold a link that works once. It is put into words when it is sent.
 * @returns nothing where this server has no way to send mails
 */
export function sealedLetter(
  { clock, random, sealer, config }: LetterDeps,
  content: Envelope,
  lifetimeSeconds: number,
): readonly Outgoing[] {
  if (config.mail === 'none') return []
  const id = newId(random, clock.now())
  const payload = sealer.seal(Buffer.from(JSON.stringify(content)), place(id))
  return [{ id, topic: content.letter.kind, payload, lifetimeSeconds }]
}

/** What waits in the outbox. @returns `undefined` when no key that we hold opens it */
export function openedLetter({ sealer }: Pick<LetterDeps, 'sealer'>, { id, payload }: Waiting): Envelope | undefined {
  const plain = sealer.open(payload, place(id))
  return plain && envelope.parse(JSON.parse(plain.toString()))
}
