import type { FastifyInstance } from 'fastify'
import { openedLetter } from '../../accounts/letter.ts'
import { isId } from '../../base/random.ts'
import type { Deps } from '../../deps.ts'
import { PageError } from '../../protocol/error.ts'
import type { Waiting } from '../../store/outbox.ts'
import { writtenLetter } from '../../views/mail/letter.ts'
import { outboxMailPage, outboxPage } from '../../views/outbox.ts'
import { frameFor, sendPage } from '../context.ts'

const MOST = 100

/** What would have been mailed, for developers: only with a loopback issuer that has no mail server. */
export function outboxPages(app: FastifyInstance, deps: Deps): void {
  if (deps.config.mail !== 'outbox') return
  const outboxHref = `${deps.config.basePath}/outbox`

  app.get('/outbox', async (request, reply) => {
    const waiting = await deps.store.outbox.list(MOST)
    const mails = waiting.flatMap((each) => {
      const mail = mailOf(deps, each)
      return mail ? [{ ...mail, href: `${outboxHref}/${each.id}` }] : []
    })
    await sendPage(reply, outboxPage({ mails }, frameFor(deps, request)))
  })

  app.get<{ Params: { id: string } }>('/outbox/:id', async (request, reply) => {
    const { id } = request.params
    const waiting = isId(id) ? await deps.store.outbox.find(id) : undefined
    const mail = waiting && mailOf(deps, waiting)
    if (!mail) throw new PageError('not_found')
    await sendPage(reply, outboxMailPage({ ...mail, outboxHref }, frameFor(deps, request)))
  })
}

function mailOf(deps: Deps, waiting: Waiting) {
  const envelope = openedLetter(deps, waiting)
  return envelope && { to: envelope.to, time: waiting.createdAt, ...writtenLetter(envelope, deps.config) }
}
