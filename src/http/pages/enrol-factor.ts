import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { create } from 'qrcode'
import { unsavedRecoveryCodes } from '../../accounts/recovery-codes.ts'
import { confirmEnrolment } from '../../accounts/second-factor.ts'
import { beginEnrolment, type Enrolment, openEnrolment } from '../../accounts/totp.ts'
import { plainLine } from '../../base/plain-line.ts'
import type { Deps } from '../../deps.ts'
import { PageError } from '../../protocol/error.ts'
import { parametersOf } from '../../protocol/parameters.ts'
import type { CodeFault } from '../../views/code-field.ts'
import { enrolScanPage, enrolStartPage, LONGEST_AUTHENTICATOR_NAME, recoveryCodesPage } from '../../views/enrolment.ts'
import { frameFor, seeOther, sendPage } from '../context.ts'
import { bodyPairs } from '../parameters.ts'
import { csrfToken, refuseForgery } from '../plugins/csrf.ts'
import { formActionOf, hubOf, type OpenInteraction, openInteraction } from './open-interaction.ts'
import { restart, sealedRestart } from './restart.ts'
import { answerOutcome, placeOf, rememberHere } from './second-factor.ts'

const LONGEST_CODE = 100

/** Enrolling the authenticator that the policy demands, before anything is issued. GET changes nothing. */
export function enrolFactorPages(app: FastifyInstance, deps: Deps): void {
  app.get('/second-factor/enrol', async (request, reply) => {
    const open = await openInteraction(deps, request)
    if (!open) return await restart(deps, request, reply, undefined)
    if (open.next.step !== 'enrol-factor') return await seeOther(reply, hubOf(deps, open))
    await sendPage(
      reply,
      enrolStartPage({ ...formView(deps, open, 'enrol'), reason: 'policy', isFirst: true }, frame(deps, request, open)),
      formActionOf(deps, open),
    )
  })
  app.post('/second-factor/enrol', async (request, reply) => {
    const sent = await sentForm(deps, request, reply)
    if (!sent) return
    const { open, form } = sent
    const place = await placeOf(deps, request, open)
    if (open.next.step !== 'enrol-factor' || !place) return await seeOther(reply, hubOf(deps, open))
    await beginEnrolment(deps, place.userId, place.sessionId, nameOf(form.get('name')))
    await seeOther(reply, pathOf(deps, open, 'confirm'))
  })

  app.get('/second-factor/confirm', async (request, reply) => {
    const open = await openInteraction(deps, request)
    if (!open) return await restart(deps, request, reply, undefined)
    const enrolment = await enrolmentOf(deps, request, open)
    if (open.next.step !== 'enrol-factor' || !enrolment) return await seeOther(reply, hubOf(deps, open))
    await showScan(deps, request, reply, open, enrolment)
  })
  app.post('/second-factor/confirm', async (request, reply) => {
    const sent = await sentForm(deps, request, reply)
    if (!sent) return
    const { open, form } = sent
    const place = await placeOf(deps, request, open)
    const enrolment = await enrolmentOf(deps, request, open)
    if (open.next.step !== 'enrol-factor' || !place || !enrolment) return await seeOther(reply, hubOf(deps, open))
    const code = form.get('code')
    if (code === undefined) return await showScan(deps, request, reply, open, enrolment, { kind: 'missing' }, 400)
    await answerOutcome(deps, reply, await confirmEnrolment(deps, place, code.slice(0, LONGEST_CODE)), {
      proved: async () => {
        await rememberHere(deps, request, reply, place)
        await seeOther(reply, pathOf(deps, open, 'codes'))
      },
      refused: (fault, status) => showScan(deps, request, reply, open, enrolment, fault, status),
    })
  })

  app.get('/second-factor/codes', async (request, reply) => {
    const open = await openInteraction(deps, request)
    if (!open) return await restart(deps, request, reply, undefined)
    await showCodes(deps, request, reply, open, false)
  })
  app.get('/second-factor/codes.txt', async (request, reply) => {
    const open = await openInteraction(deps, request)
    const codes = open && (await codesOf(deps, request, open))
    if (!codes) throw new PageError('not_found', { cause: 'no codes to save' })
    await sendCodesFile(reply, codes)
  })
  app.post('/second-factor/codes', async (request, reply) => {
    const sent = await sentForm(deps, request, reply)
    if (!sent) return
    const { open, form } = sent
    const place = await provedPlace(deps, request, open)
    if (place && form.get('saved') === undefined) return await showCodes(deps, request, reply, open, true)
    if (place) await deps.store.recoveryCodes.endReveal(place.userId)
    await seeOther(reply, hubOf(deps, open))
  })
}

/** Who may see the codes, and say that they are saved: signed in anew by a password alone, one would pass by them. */
const provedPlace = async (deps: Deps, request: FastifyRequest, open: OpenInteraction) =>
  open.standing.session?.acr === 'urn:postern:mfa' ? await placeOf(deps, request, open) : undefined

async function codesOf(deps: Deps, request: FastifyRequest, open: OpenInteraction) {
  const place = await provedPlace(deps, request, open)
  return place && (await unsavedRecoveryCodes(deps, place.userId, place.sessionId))
}

async function showCodes(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  open: OpenInteraction,
  isUnsaved: boolean,
) {
  const codes = await codesOf(deps, request, open)
  if (!codes) return await seeOther(reply, hubOf(deps, open))
  const downloadHref = `${deps.config.basePath}/second-factor/codes.txt?id=${open.interaction.id}`
  const view = { ...formView(deps, open, 'codes'), codes, downloadHref, isEnrolment: true, isUnsaved }
  await sendPage(reply, recoveryCodesPage(view, frame(deps, request, open)), {
    status: isUnsaved ? 400 : 200,
    ...formActionOf(deps, open),
  })
}

/** Sends recovery codes as a file, to whoever is being shown them anyway. */
export async function sendCodesFile(reply: FastifyReply, codes: readonly string[]): Promise<void> {
  reply.header('content-disposition', 'attachment; filename="recovery-codes.txt"')
  await reply.type('text/plain; charset=utf-8').send(`${codes.join('\n')}\n`)
}

type Page = 'enrol' | 'confirm' | 'codes'
const pathOf = ({ config }: Deps, { interaction }: OpenInteraction, page: Page): string =>
  `${config.basePath}/second-factor/${page}?id=${interaction.id}`

const frame = (deps: Deps, request: FastifyRequest, { interaction }: OpenInteraction) =>
  frameFor(deps, request, interaction.request.uiLocales)

const formView = (deps: Deps, open: OpenInteraction, page: Page) => ({
  ...(open.to ? { client: { name: open.client.clientName } } : {}),
  action: pathOf(deps, open, page),
  csrf: csrfToken(deps, open.browser, open.interaction.id),
  restart: sealedRestart(deps, open.interaction.request),
})

/** What its user calls an authenticator. */
export const nameOf = (typed: string | undefined): string =>
  plainLine(typed ?? '', LONGEST_AUTHENTICATOR_NAME) || 'Authenticator app'

/** A form of an interaction, proved to be ours; an expired one has been answered. */
async function sentForm(deps: Deps, request: FastifyRequest, reply: FastifyReply) {
  const form = parametersOf(bodyPairs(request))
  const open = await openInteraction(deps, request)
  if (!open) {
    await restart(deps, request, reply, form)
    return undefined
  }
  refuseForgery(deps, request, form, open.browser, open.interaction.id)
  return { open, form }
}

async function enrolmentOf(deps: Deps, request: FastifyRequest, open: OpenInteraction): Promise<Enrolment | undefined> {
  const place = await placeOf(deps, request, open)
  const { user } = open.standing
  if (!place || !user) return undefined
  const label = user.email ?? user.username
  return await openEnrolment(deps, { id: user.id, label }, place.sessionId, frame(deps, request, open).deploymentName)
}

/** The dark squares of a QR code, row by row. ISO/IEC 18004 */
export function qrModules(text: string): readonly (readonly boolean[])[] {
  const { size, data } = create(text, { errorCorrectionLevel: 'M' }).modules
  return Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (_, column) => data[row * size + column] === 1),
  )
}

async function showScan(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  open: OpenInteraction,
  { secret, uri }: Enrolment,
  fault?: CodeFault,
  status = 200,
): Promise<void> {
  const view = {
    ...formView(deps, open, 'confirm'),
    isFirst: true,
    secret,
    uri,
    modules: qrModules(uri),
    ...(fault ? { fault } : {}),
  }
  await sendPage(reply, enrolScanPage(view, frame(deps, request, open)), { status, ...formActionOf(deps, open) })
}
