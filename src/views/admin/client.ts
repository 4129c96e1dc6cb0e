import type { FieldFault } from '../../administration/refused.ts'
import { type FormView, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { CLIENT_FIELDSETS, type ClientField } from './client-fields.ts'
import { clientPath } from './clients.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { checkBox, choice, decision, facts, faultsAt, instant, linesBox, refusal, table, textBox } from './parts.ts'

/** A client that is stored, but for its policy. */
export interface ClientView {
  readonly clientId: string
  readonly clientName: string
  readonly isConfidential: boolean
  readonly isDisabled: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly grantsEndedAt: Date | undefined
}

/** A secret, but for what it is. */
interface SecretView {
  readonly id: string
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
  readonly expiresAt: Date | null
}

export interface ClientFormView extends AdminFrameView, FormView {
  /** `undefined`: a new one. */
  readonly client: ClientView | undefined
  /** The policy, by the names of RFC 7591 §2: as it is stored, or as it was typed. */
  readonly values: Readonly<Record<string, unknown>>
  readonly version: string | undefined
  readonly secrets: readonly SecretView[]
  /** What deserves a second look. */
  readonly warnings: readonly string[]
  readonly mayWrite: boolean
  readonly mayWriteSecrets: boolean
  readonly refused?: { readonly message: string; readonly faults: readonly FieldFault[] } | undefined
}

/** One client: what it may do, its secrets, and the ways to stop it. */
export function clientPage(view: ClientFormView, frame: Frame): Html {
  const { client, refused, warnings } = view
  return adminPage(
    view,
    frame,
    {
      section: 'clients',
      title: client ? client.clientName : 'New client',
      isFault: refused !== undefined,
      above: { href: pathUrl(frame, ADMIN_PATHS.clients).toString(), name: 'Clients' },
      command: client
        ? `postern client show ${client.clientId}\npostern client update ${client.clientId} --help`
        : 'postern client create --name NAME --redirect-uri URI   # all options: postern client create --help',
    },
    html`${refusal(refused)}
${client && known(client)}
${warnings.length > 0 && html`<section class="warnings" aria-labelledby="warnings-title"><h2 id="warnings-title">To be looked at</h2><ul id="warnings">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul></section>`}
${view.mayWrite ? editForm(view) : shown(view.values)}
${client?.isConfidential && secretsOf(view, client, frame)}
${client && view.mayWrite && stops(view, client, frame)}`,
  )
}

const known = (client: ClientView): Html =>
  facts([
    ['Client id', html`<code>${client.clientId}</code>`],
    ['State', client.isDisabled ? 'disabled: it is refused, and so is every token that it has' : 'enabled'],
    ['Created', instant(client.createdAt)],
    ['Changed', instant(client.updatedAt)],
    ['Grants ended', client.grantsEndedAt && instant(client.grantsEndedAt)],
  ])

const editForm = (view: ClientFormView): Html =>
  form(
    view,
    'client-form',
    html`${view.version !== undefined && html`<input type="hidden" name="version" value="${view.version}">`}
${!view.client && textBox({ name: 'client_id', label: 'Client id', hint: 'What the client calls itself: letters, digits, and . _ ~ -. It cannot be changed.', value: textOf(view.values.client_id), isRequired: true, faults: faultsAt(view.refused?.faults ?? [], 'client_id') })}
${CLIENT_FIELDSETS.map(({ legend, fields }) => html`<fieldset><legend>${legend}</legend>${fields.map((field) => control(view, field))}</fieldset>`)}
${!view.client && html`<p class="hint">A client that proves who it is by a secret gets one now. It is shown once.</p>`}
<div class="actions row"><button id="save-client" type="submit" class="primary" name="do" value="save">${view.client ? 'Save' : 'Create client'}</button></div>`,
  )

function control({ values, refused }: ClientFormView, { name, label, hint, kind, options = [] }: ClientField): Html {
  const value = values[name]
  const common = { name, label, hint, faults: faultsAt(refused?.faults ?? [], name) }
  switch (kind) {
    case 'check':
      return checkBox({ ...common, isChecked: value === true })
    case 'lines':
      return linesBox({ ...common, value: listOf(value).join('\n') })
    case 'choice':
      return choice({ ...common, value: textOf(value), options })
    case 'checks':
      return html`<div id="${name}" class="field" role="group" aria-labelledby="${name}-label"><p id="${name}-label">${label}</p><p class="hint">${hint}</p>
${common.faults.map((fault) => html`<p class="field-fault">${fault}</p>`)}
<div class="checks">${options.map(([option, words]) => checkBox({ name, id: `${name}-${option}`, value: option, label: words, isChecked: listOf(value).includes(option) }))}</div></div>`
    default:
      return textBox({ ...common, value: textOf(value), ...(kind === 'number' ? { type: 'number' } : {}) })
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

const shown = (values: ClientFormView['values']): Html =>
  facts(
    CLIENT_FIELDSETS.flatMap(({ fields }) => fields).map(({ name, label, kind }) => {
      const value = values[name]
      if (kind === 'check') return [label, value === true ? 'yes' : 'no']
      return [label, (Array.isArray(value) ? listOf(value).join(' ') : textOf(value)) || '–']
    }),
  )

function secretsOf(view: ClientFormView, { clientId }: ClientView, frame: Frame): Html {
  const path = `${clientPath(clientId)}/secrets`
  const at = (action: string) => ({ ...view, action: pathUrl(frame, action).toString() })
  return html`<h2 id="secrets-title">Secrets</h2>
<p>Two can be live at once: give the client the second, then remove the first. What they are is shown when they are made, and never again.</p>
${table(
  'secrets',
  'Secrets',
  [
    { name: 'Id', cell: ({ id }: SecretView) => html`<code>${id}</code>` },
    { name: 'Made', cell: ({ createdAt }) => instant(createdAt) },
    { name: 'Last used', cell: ({ lastUsedAt }) => instant(lastUsedAt) },
    { name: 'Expires', cell: ({ expiresAt }) => instant(expiresAt) },
    ...(view.mayWriteSecrets
      ? [
          {
            name: 'Action',
            cell: ({ id }: SecretView) =>
              decision(at(`${path}/${id}/remove`), `remove-${id}`, 'Remove', { isDangerous: true }),
          },
        ]
      : []),
  ],
  view.secrets,
  'It has no secret, and cannot prove who it is.',
)}
${view.mayWriteSecrets && view.secrets.length < 2 && decision(at(path), 'add-secret', 'Make a secret')}`
}

function stops(view: ClientFormView, client: ClientView, frame: Frame): Html {
  const at = (step: string) => ({
    ...view,
    action: pathUrl(frame, `${clientPath(client.clientId)}/${step}`).toString(),
  })
  return html`<h2>Stop it</h2>
<div class="decisions">${
    client.isDisabled
      ? decision(at('enable'), 'enable-client', 'Enable')
      : decision(at('disable'), 'disable-client', 'Disable', { isDangerous: true })
  }
${decision(at('end-grants'), 'end-grants', 'End every grant')}
<a id="delete-client" class="button danger" href="${pathUrl(frame, `${clientPath(client.clientId)}/delete`)}">Delete…</a></div>
<p class="hint">Disabled, it is refused at once, with every token that it has, until it is enabled. Ending its grants makes its users sign in again.</p>`
}
