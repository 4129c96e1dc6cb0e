import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { dropSigningKey, listKeys, replaceSigningKey, rotateSigningKeys } from '../../../administration/keys.ts'
import { notFound, type Refused } from '../../../administration/refused.ts'
import type { Deps } from '../../../deps.ts'
import { confirmPage } from '../../../views/admin/confirm.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { keysPage } from '../../../views/admin/keys.ts'
import { pathUrl } from '../../../views/page.ts'
import { sendPage } from '../../context.ts'
import { type CsvColumn, sendCsv } from '../../csv.ts'
import { type AdminVisitor, adminFrame, admitAdminForm, admitAdministrator, backToAdmin, tried } from './access.ts'
import { refuseUnlessTyped } from './asked.ts'

interface Named {
  readonly Params: { readonly kid: string }
}

const PATH = ADMIN_PATHS.keys

type Listed = Awaited<ReturnType<typeof listKeys.run>>['keys'][number]

const COLUMNS: readonly CsvColumn<Listed>[] = [
  { name: 'kid', cell: ({ kid }) => kid },
  { name: 'alg', cell: ({ alg }) => alg },
  { name: 'state', cell: ({ state }) => state },
  { name: 'published_at', cell: ({ publishedAt }) => publishedAt },
  { name: 'signs_from', cell: ({ signsFrom }) => signsFrom },
  { name: 'activated_at', cell: ({ activatedAt }) => activatedAt },
  { name: 'retired_at', cell: ({ retiredAt }) => retiredAt },
  { name: 'dropped_at', cell: ({ droppedAt }) => droppedAt },
]

/** The signing keys of the console. */
export function keyPages(app: FastifyInstance, deps: Deps): void {
  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    visitor: AdminVisitor,
    refused?: Refused,
  ): Promise<void> {
    const { view, frame, csrf } = adminFrame(deps, request, visitor)
    const listed = await listKeys.run(deps, visitor.actor, {})
    const mayRotate = visitor.actor.permissions.includes(rotateSigningKeys.permission)
    const shown = { ...view, ...listed, action: deps.config.basePath + PATH, csrf, mayRotate }
    const told = refused && { message: refused.message, faults: [] as const }
    await sendPage(reply, keysPage({ ...shown, refused: told }, frame), { status: refused?.status ?? 200 })
  }

  app.get(PATH, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listKeys)
    if (visitor) await show(request, reply, visitor)
  })
  app.get(`${PATH}.csv`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, listKeys)
    if (!visitor) return
    const { keys } = await listKeys.run(deps, visitor.actor, {})
    await sendCsv(reply, 'keys', COLUMNS, async (last) => (last ? [] : keys))
  })

  app.post(`${PATH}/rotate`, async (request, reply) => {
    const sent = await admitAdminForm(deps, request, reply, rotateSigningKeys, PATH)
    if (!sent) return
    const rotated = await tried(() => rotateSigningKeys.run(deps, sent.visitor.actor, {}))
    if ('done' in rotated) return await backToAdmin(deps, reply, PATH, 'rotated')
    await show(request, reply, sent.visitor, rotated.refused)
  })

  async function ask(
    request: FastifyRequest,
    reply: FastifyReply,
    visitor: AdminVisitor,
    asked: Pick<Parameters<typeof confirmPage>[0], 'title' | 'meaning' | 'button' | 'mustType' | 'command'> & {
      readonly path: string
    },
    refused?: Refused,
  ): Promise<void> {
    const { view, frame, csrf } = adminFrame(deps, request, visitor)
    const { path, ...words } = asked
    const back = { href: pathUrl(frame, PATH).toString(), name: 'Signing keys' }
    const action = deps.config.basePath + path
    const page = confirmPage({ ...view, ...words, action, csrf, section: 'keys', back, refused }, frame)
    await sendPage(reply, page, { status: refused?.status ?? 200 })
  }

  const emergency = {
    path: `${PATH}/emergency`,
    title: 'Replace the current key?',
    meaning:
      'For when its private half has leaked. It is gone at once, and everything that it signed is refused: users sign in again when their access tokens have run out.',
    button: 'Replace the key',
    mustType: 'emergency',
    command: 'postern key rotate --emergency',
  }
  app.get(emergency.path, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, replaceSigningKey)
    if (visitor) await ask(request, reply, visitor, emergency)
  })
  app.post(emergency.path, async (request, reply) => {
    const sent = await admitAdminForm(deps, request, reply, replaceSigningKey, emergency.path)
    if (!sent) return
    const replaced = await tried(async () => {
      refuseUnlessTyped(sent.form.get('confirm'), emergency.mustType)
      await replaceSigningKey.run(deps, sent.visitor.actor, {})
    })
    if ('done' in replaced) return await backToAdmin(deps, reply, PATH, 'rotated')
    await ask(request, reply, sent.visitor, emergency, replaced.refused)
  })

  const dropping = (kid: string) => ({
    path: `${PATH}/${encodeURIComponent(kid)}/drop`,
    title: 'Drop this retired key?',
    meaning: `For when the private half of ${kid} has leaked. It is gone at once, and everything that it signed is refused.`,
    button: 'Drop the key',
    command: `postern key drop ${kid}`,
  })
  app.get<Named>(`${PATH}/:kid/drop`, async (request, reply) => {
    const visitor = await admitAdministrator(deps, request, reply, dropSigningKey)
    if (!visitor) return
    const { kid } = request.params
    const { keys } = await listKeys.run(deps, visitor.actor, {})
    if (!keys.some((key) => key.kid === kid && key.state === 'retired')) throw notFound('retired key')
    await ask(request, reply, visitor, dropping(kid))
  })
  app.post<Named>(`${PATH}/:kid/drop`, async (request, reply) => {
    const { kid } = request.params
    const sent = await admitAdminForm(deps, request, reply, dropSigningKey, dropping(kid).path)
    if (!sent) return
    await dropSigningKey.run(deps, sent.visitor.actor, { kid })
    await backToAdmin(deps, reply, PATH, 'removed')
  })
}
