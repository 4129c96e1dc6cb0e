import type { FastifyReply, FastifyRequest } from 'fastify'
import { metadataToChange } from '../../../administration/client-facts.ts'
import { addClientSecret, listClientSecrets } from '../../../administration/client-secrets.ts'
import { clientWarnings } from '../../../administration/client-warnings.ts'
import { updateClient } from '../../../administration/clients.ts'
import type { Refused } from '../../../administration/refused.ts'
import type { Deps } from '../../../deps.ts'
import type { Parameters } from '../../../protocol/parameters.ts'
import type { StoredClient } from '../../../store/clients.ts'
import { clientPage } from '../../../views/admin/client.ts'
import { CLIENT_FIELDS, type ClientField } from '../../../views/admin/client-fields.ts'
import { clientPath } from '../../../views/admin/clients.ts'
import { ADMIN_PATHS } from '../../../views/admin/frame.ts'
import { sendPage } from '../../context.ts'
import { type AdminVisitor, adminFrame } from './access.ts'
import { linesOf } from './asked.ts'

type Metadata = Readonly<Record<string, unknown>>

/** What the form of a client sent, by the names of its policy. `null`: it was left empty. */
export const clientFrom = (form: Parameters): Metadata =>
  Object.fromEntries(CLIENT_FIELDS.map((field) => [field.name, fieldFrom(field, form)]))

/** Entries of these follow from others where there are none. */
const DERIVED = 'allowed_origins'

function fieldFrom({ name, kind }: ClientField, form: Parameters): unknown {
  const text = form.get(name)?.trim() ?? ''
  switch (kind) {
    case 'check':
      return form.get(name) === 'yes'
    case 'checks':
      return form.list(name)
    case 'lines': {
      const entries = linesOf(form.get(name))
      return entries.length === 0 && name === DERIVED ? null : entries
    }
    case 'number':
      return text === '' ? null : /^\d{1,9}$/.test(text) ? Number(text) : text
    default:
      return text === '' && name !== 'scope' ? null : text
  }
}

/** What is shown of a client: its policy as it is stored, or as it was typed and refused. */
interface Shown {
  readonly client?: StoredClient
  readonly values?: Metadata
  readonly refused?: Refused
}

/** Shows a client, or the form of a new one. */
export async function showClient(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: AdminVisitor,
  { client, values, refused }: Shown,
): Promise<void> {
  const { view, frame, csrf } = adminFrame(deps, request, visitor)
  const { actor } = visitor
  const isConfidential = client !== undefined && client.tokenEndpointAuthMethod !== 'none'
  const shown = {
    ...view,
    action: deps.config.basePath + (client ? clientPath(client.clientId) : ADMIN_PATHS.clients),
    csrf,
    client: client && {
      ...client,
      isConfidential,
      isDisabled: client.disabledAt !== undefined,
      grantsEndedAt: client.tokensValidFrom,
    },
    values: values ?? (client ? metadataToChange(client) : {}),
    version: client?.version,
    secrets: isConfidential ? await listClientSecrets.run(deps, actor, client) : [],
    warnings: client ? clientWarnings(client) : [],
    mayWrite: actor.permissions.includes(updateClient.permission),
    mayWriteSecrets: actor.permissions.includes(addClientSecret.permission),
    refused,
  }
  await sendPage(reply, clientPage(shown, frame), { status: refused?.status ?? 200 })
}
