import { openedLetter } from '../../src/accounts/letter.ts'
import type { Deps } from '../../src/deps.ts'
import { writtenLetter } from '../../src/views/mail/letter.ts'

/** An issuer on this machine, whose mails wait in the outbox. */
export const LOOPBACK = { ISSUER: 'http://localhost:3000' } as const
export const NEW_PASSWORD = 'Another-Horse-9-Battery!'

/** The mails that wait for an address, oldest first, as they would be sent. */
export async function mailsTo(deps: Deps, address: string) {
  const waiting = await deps.store.outbox.list(1000)
  const mails = waiting.flatMap((each) => {
    const envelope = openedLetter(deps, each)
    return envelope?.to === address ? [{ topic: each.topic, ...writtenLetter(envelope, deps.config) }] : []
  })
  return mails.reverse()
}

/** What the mails for an address tell of, oldest first; new devices, of which these tests have many, left out. */
export const topicsFor = async (deps: Deps, address: string): Promise<readonly string[]> =>
  (await mailsTo(deps, address)).map(({ topic }) => topic).filter((topic) => topic !== 'new-device')

/** The path of a one-time link in a mail. */
export function linkIn({ text }: { readonly text: string }): string {
  const [, path] = /^https?:\/\/[^/\s]+(\/\S*\?token=\S+)$/m.exec(text) ?? []
  if (path === undefined) throw new Error(`no link in: ${text}`)
  return path
}

/** The path of the newest link that was mailed to an address. */
export async function newestLink(deps: Deps, address: string, topic: string): Promise<string> {
  const mail = (await mailsTo(deps, address)).findLast((each) => each.topic === topic)
  if (!mail) throw new Error('no such mail')
  return linkIn(mail)
}
