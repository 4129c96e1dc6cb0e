import type { FieldFault } from '../../administration/refused.ts'
import { type FormView, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { type ListingView, listPager } from './listing.ts'
import { checkBox, facts, faultsAt, instant, linesBox, refusal, table, textBox } from './parts.ts'

/** A resource as the console shows it. */
export interface ResourceView {
  readonly identifier: string
  readonly name: string
  readonly scopes: Readonly<Record<string, string>>
  readonly introspectionClients: readonly string[]
  readonly scopesByRole: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface ResourcesView extends AdminFrameView {
  readonly resources: readonly ResourceView[]
  readonly listing: ListingView
  readonly mayWrite: boolean
}

export const resourcePath = (identifier: string): string => `${ADMIN_PATHS.resources}/${encodeURIComponent(identifier)}`

/** The resources, by identifier. */
export const resourcesPage = (view: ResourcesView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: 'resources',
      title: 'Resources',
      command:
        'postern resource list\npostern apply -f postern.yaml   # resources: [{identifier: https://api.example, scopes: [api:read]}]',
    },
    html`<p>APIs that tokens are for. A token says in <code>aud</code> which one it is for, and no other takes it.</p>
${view.mayWrite && html`<p><a id="new-resource" class="button" href="${pathUrl(frame, `${ADMIN_PATHS.resources}/new`)}">New resource</a></p>`}
${table(
  'resources',
  'Resources',
  [
    {
      name: 'Identifier',
      cell: ({ identifier }: ResourceView) =>
        html`<a href="${pathUrl(frame, resourcePath(identifier))}"><bdi>${identifier}</bdi></a>`,
    },
    { name: 'Name', cell: ({ name }) => name || '–' },
    { name: 'Scopes', cell: ({ scopes }) => Object.keys(scopes).join(', ') || '–' },
    { name: 'By roles', cell: ({ scopesByRole }) => (scopesByRole ? 'yes' : 'no') },
    { name: 'Changed', cell: ({ updatedAt }) => instant(updatedAt) },
  ],
  view.resources,
  'No resources yet.',
)}
${listPager(frame, view.listing)}`,
  )

export interface ResourceFormView extends AdminFrameView, FormView {
  /** `undefined`: a new one. */
  readonly resource: ResourceView | undefined
  readonly values: Omit<ResourceView, 'createdAt' | 'updatedAt'>
  readonly version: string | undefined
  readonly mayWrite: boolean
  readonly refused?: { readonly message: string; readonly faults: readonly FieldFault[] } | undefined
}

/** One resource. */
export const resourcePage = (view: ResourceFormView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: 'resources',
      title: view.resource ? view.resource.name || view.resource.identifier : 'New resource',
      isFault: view.refused !== undefined,
      above: { href: pathUrl(frame, ADMIN_PATHS.resources).toString(), name: 'Resources' },
      command: 'postern apply -f postern.yaml   # the entry of this resource under resources:',
    },
    html`${refusal(view.refused)}
${
  view.resource &&
  facts([
    ['Identifier', html`<bdi>${view.resource.identifier}</bdi>`],
    ['Created', instant(view.resource.createdAt)],
    ['Changed', instant(view.resource.updatedAt)],
  ])
}
${view.mayWrite ? editForm(view) : shown(view.values)}
${view.mayWrite && view.resource && html`<p><a id="delete-resource" class="button danger" href="${pathUrl(frame, `${resourcePath(view.resource.identifier)}/delete`)}">Delete…</a></p>`}`,
  )

function editForm(view: ResourceFormView): Html {
  const { values } = view
  const faults = (name: string) => faultsAt(view.refused?.faults ?? [], name)
  return form(
    view,
    'resource-form',
    html`${view.version !== undefined && html`<input type="hidden" name="version" value="${view.version}">`}
${!view.resource && textBox({ name: 'identifier', label: 'Identifier', hint: 'An absolute URI without a fragment: what tokens name as their audience. It cannot be changed.', value: values.identifier, isRequired: true, faults: faults('identifier') })}
${textBox({ name: 'name', label: 'Name', hint: 'What users read where they are asked.', value: values.name, faults: faults('name') })}
${linesBox({ name: 'scopes', label: 'Scopes', hint: 'One a line: the scope, a blank, and what it means in plain words, which users read where they are asked.', value: scopeLines(values.scopes), rows: 6, faults: faults('scopes') })}
${checkBox({ name: 'scopes_by_role', label: 'Users get the scopes that their roles allow', hint: 'Otherwise every user may give every scope that the client may ask for.', isChecked: values.scopesByRole })}
${linesBox({ name: 'introspection_clients', label: 'Clients that may introspect its tokens', hint: 'One client id a line.', value: values.introspectionClients.join('\n'), faults: faults('introspection_clients') })}
<div class="actions row"><button id="save-resource" type="submit" class="primary" name="do" value="save">${view.resource ? 'Save' : 'Create resource'}</button></div>`,
  )
}

const scopeLines = (scopes: ResourceView['scopes']): string =>
  Object.entries(scopes)
    .map(([scope, meaning]) => `${scope} ${meaning}`.trimEnd())
    .join('\n')

const shown = (values: ResourceFormView['values']): Html =>
  facts([
    ['Name', values.name || '–'],
    ['By roles', values.scopesByRole ? 'yes' : 'no'],
    ['Introspection', values.introspectionClients.join(', ') || '–'],
    ...Object.entries(values.scopes).map(([scope, meaning]) => [scope, meaning || '–'] as const),
  ])
