import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { recoveryCodesRenewedNotice } from '../../../accounts/notices.ts'
import { issueRecoveryCodes, unsavedRecoveryCodes } from '../../../accounts/recovery-codes.ts'
import { removeFactor } from '../../../accounts/remove-factor.ts'
import { confirmEnrolment } from '../../../accounts/second-factor.ts'
import { beginEnrolment, openEnrolment } from '../../../accounts/totp.ts'
import { isId } from '../../../base/random.ts'
import type { Deps } from '../../../deps.ts'
import { PageError } from '../../../protocol/error.ts'
import { parametersOf } from '../../../protocol/parameters.ts'
import { factorEvent } from '../../../telemetry/audit.ts'
import { factorsPage } from '../../../views/account/factors.ts'
import { ACCOUNT_PATHS, ACCOUNT_SUBPATHS } from '../../../views/account/frame.ts'
import type { CodeFault } from '../../../views/code-field.ts'
import { enrolScanPage, enrolStartPage, recoveryCodesPage } from '../../../views/enrolment.ts'
import { frameFor, seeOther, sendPage } from '../../context.ts'
import { queryPairs } from '../../parameters.ts'
import { nameOf, qrModules, sendCodesFile } from '../enrol-factor.ts'
import { answerOutcome } from '../second-factor.ts'
import { accountCsrf, accountFrame, admit, admitForm, backTo, FRESH, placeOf, type Visitor } from './access.ts'

const PATH = ACCOUNT_PATHS.factors
const START = ACCOUNT_SUBPATHS.enrol
const CONFIRM = `${PATH}/confirm`
const CODES = `${PATH}/codes`
const CODES_OF_ENROLMENT = `${CODES}?after=enrolment`
const LONGEST_CODE = 100

/** The authenticators and recovery codes of an account. Every change asks for a fresh sign-in; GET changes nothing. */
export function factorPages(app: FastifyInstance, deps: Deps): void {
  app.get(PATH, async (request, reply) => {
    const visitor = await admit(deps, request, reply, PATH)
    if (visitor) await showFactors(deps, request, reply, visitor)
  })
  app.post(PATH, async (request, reply) => {
    const sent = await admitForm(deps, request, reply, PATH, FRESH)
    if (!sent) return
    const { visitor, form } = sent
    const id = form.get('id')
    switch (form.get('do')) {
      case 'rename': {
        const event = factorEvent(deps, 'factor.renamed', placeOf(visitor), { totp: id })
        const name = nameOf(form.get('name'))
        const isDone =
          id !== undefined && isId(id) && (await deps.store.secondFactors.renameTotp(visitor.user.id, id, name, event))
        return await backTo(deps, reply, PATH, isDone ? 'factorRenamed' : undefined)
      }
      case 'remove': {
        const outcome = await removeFactor(deps, placeOf(visitor), id ?? '', isRequired(deps, visitor))
        return await backTo(deps, reply, PATH, outcome === 'removed' ? 'factorRemoved' : undefined)
      }
      case 'regenerate':
        return await regenerate(deps, reply, visitor)
      default:
        return await backTo(deps, reply, PATH)
    }
  })
  enrolment(app, deps)
  recoveryCodes(app, deps)
}

const isRequired = ({ config }: Deps, { user }: Visitor): boolean => user.mustHaveFactor || config.requireMfa === 'all'

async function showFactors(deps: Deps, request: FastifyRequest, reply: FastifyReply, visitor: Visitor): Promise<void> {
  const { secondFactors } = deps.store
  const factors = await secondFactors.listTotp(visitor.user.id)
  const view = {
    ...accountFrame(deps, request, visitor, PATH),
    factors: factors.map(({ id, name, confirmedAt, createdAt, lastUsedAt }) => ({
      id,
      name,
      addedAt: confirmedAt ?? createdAt,
      ...(lastUsedAt ? { lastUsedAt } : {}),
    })),
    recoveryCodesLeft: await deps.store.recoveryCodes.count(visitor.user.id),
    isRequired: isRequired(deps, visitor),
  }
  await sendPage(reply, factorsPage(view, frameFor(deps, request)))
}

function enrolment(app: FastifyInstance, deps: Deps): void {
  const formView = (visitor: Visitor, path: string) => ({
    action: deps.config.basePath + path,
    csrf: accountCsrf(deps, visitor),
    isFirst: !visitor.user.hasFactor,
    cancelHref: deps.config.basePath + PATH,
  })
  app.get(START, async (request, reply) => {
    const visitor = await admit(deps, request, reply, START, FRESH)
    if (!visitor) return
    await sendPage(reply, enrolStartPage({ ...formView(visitor, START), reason: 'wish' }, frameFor(deps, request)))
  })
  app.post(START, async (request, reply) => {
    const sent = await admitForm(deps, request, reply, START, FRESH)
    if (!sent) return
    const { user, session } = sent.visitor
    await beginEnrolment(deps, user.id, session.id, nameOf(sent.form.get('name')))
    await seeOther(reply, deps.config.basePath + CONFIRM)
  })

  const showScan = async (
    request: FastifyRequest,
    reply: FastifyReply,
    visitor: Visitor,
    fault?: CodeFault,
    status = 200,
  ) => {
    const { user, session } = visitor
    const frame = frameFor(deps, request)
    const label = user.email ?? user.username
    const found = await openEnrolment(deps, { id: user.id, label }, session.id, frame.deploymentName)
    if (!found) return await seeOther(reply, deps.config.basePath + START)
    const view = { ...formView(visitor, CONFIRM), ...found, modules: qrModules(found.uri), ...(fault ? { fault } : {}) }
    await sendPage(reply, enrolScanPage(view, frame), { status })
  }
  app.get(CONFIRM, async (request, reply) => {
    const visitor = await admit(deps, request, reply, CONFIRM, FRESH)
    if (visitor) await showScan(request, reply, visitor)
  })
  app.post(CONFIRM, async (request, reply) => {
    const sent = await admitForm(deps, request, reply, CONFIRM, FRESH)
    if (!sent) return
    const { visitor, form } = sent
    const code = form.get('code')
    if (code === undefined) return await showScan(request, reply, visitor, { kind: 'missing' }, 400)
    await answerOutcome(deps, reply, await confirmEnrolment(deps, placeOf(visitor), code.slice(0, LONGEST_CODE)), {
      proved: () =>
        visitor.user.hasFactor
          ? backTo(deps, reply, PATH, 'factorAdded')
          : seeOther(reply, deps.config.basePath + CODES_OF_ENROLMENT),
      refused: (fault, status) => showScan(request, reply, visitor, fault, status),
    })
  })
}

async function regenerate(deps: Deps, reply: FastifyReply, visitor: Visitor): Promise<void> {
  if (!visitor.user.hasFactor) return await backTo(deps, reply, PATH)
  const event = factorEvent(deps, 'recovery_codes.issued', placeOf(visitor), {})
  const user = await deps.store.users.find({ id: visitor.user.id })
  const notices = user ? recoveryCodesRenewedNotice(deps, user, visitor.from) : []
  const issued = await issueRecoveryCodes(deps, visitor.user.id, visitor.session.id, event, notices)
  if (issued === 'busy') throw new PageError('unavailable', { retryAfterSeconds: 2 })
  await seeOther(reply, deps.config.basePath + CODES)
}

/** Whether the codes are the last step of an enrolment, or were wished for. */
const endsEnrolment = (request: FastifyRequest): boolean =>
  parametersOf(queryPairs(request)).get('after') === 'enrolment'

function recoveryCodes(app: FastifyInstance, deps: Deps): void {
  const unsaved = ({ user, session }: Visitor) => unsavedRecoveryCodes(deps, user.id, session.id)
  const show = async (request: FastifyRequest, reply: FastifyReply, visitor: Visitor, isUnsaved: boolean) => {
    const codes = await unsaved(visitor)
    if (!codes) return await backTo(deps, reply, PATH)
    const isEnrolment = endsEnrolment(request)
    const view = {
      ...accountFrame(deps, request, visitor, isEnrolment ? CODES_OF_ENROLMENT : CODES),
      codes,
      downloadHref: `${deps.config.basePath}${CODES}.txt`,
      isEnrolment,
      isUnsaved,
    }
    await sendPage(reply, recoveryCodesPage(view, frameFor(deps, request)), { status: isUnsaved ? 400 : 200 })
  }
  app.get(CODES, async (request, reply) => {
    const visitor = await admit(deps, request, reply, CODES)
    if (visitor) await show(request, reply, visitor, false)
  })
  app.get(`${CODES}.txt`, async (request, reply) => {
    const visitor = await admit(deps, request, reply, CODES)
    if (!visitor) return
    const codes = await unsaved(visitor)
    if (!codes) throw new PageError('not_found', { cause: 'no codes to save' })
    await sendCodesFile(reply, codes)
  })
  app.post(CODES, async (request, reply) => {
    const sent = await admitForm(deps, request, reply, CODES)
    if (!sent) return
    if (sent.form.get('saved') === undefined) return await show(request, reply, sent.visitor, true)
    await deps.store.recoveryCodes.endReveal(sent.visitor.user.id)
    await backTo(deps, reply, PATH, endsEnrolment(request) ? 'factorAdded' : 'codesSaved')
  })
}
