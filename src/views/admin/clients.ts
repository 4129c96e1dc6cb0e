import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { filters, type ListingView, listPager } from './listing.ts'
import { choice, instant, table, textBox } from './parts.ts'

/** A client in the list. */
export interface ClientRow {
  readonly clientId: string
  readonly clientName: string
  readonly tokenEndpointAuthMethod: string
  readonly grantTypes: readonly string[]
  readonly disabledAt: Date | undefined
  readonly createdAt: Date
}

export interface ClientsView extends AdminFrameView {
  readonly clients: readonly ClientRow[]
  readonly listing: ListingView
  readonly mayWrite: boolean
}

export const clientPath = (clientId: string): string => `${ADMIN_PATHS.clients}/${encodeURIComponent(clientId)}`

const STATES = [
  ['', 'Any'],
  ['enabled', 'Enabled'],
  ['disabled', 'Disabled'],
] as const

/** The clients, by id. */
export const clientsPage = (view: ClientsView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    { section: 'clients', title: 'Clients', command: 'postern client list' },
    html`<p>Applications that may ask for tokens.</p>
${view.mayWrite && html`<p><a id="new-client" class="button" href="${pathUrl(frame, `${ADMIN_PATHS.clients}/new`)}">New client</a></p>`}
${filters(
  frame,
  ADMIN_PATHS.clients,
  html`${textBox({ name: 'query', label: 'Part of the id or the name', value: view.listing.filter.query, type: 'search' })}
${choice({ name: 'state', label: 'State', value: view.listing.filter.state, options: STATES })}`,
)}
${table(
  'clients',
  'Clients',
  [
    {
      name: 'Name',
      cell: (one: ClientRow) =>
        html`<a href="${pathUrl(frame, clientPath(one.clientId))}"><bdi>${one.clientName}</bdi></a>`,
    },
    { name: 'Id', cell: ({ clientId }) => html`<code>${clientId}</code>` },
    {
      name: 'Kind',
      cell: ({ tokenEndpointAuthMethod }) => (tokenEndpointAuthMethod === 'none' ? 'public' : 'confidential'),
    },
    { name: 'Grants', cell: ({ grantTypes }) => grantTypes.join(', ') },
    { name: 'State', cell: ({ disabledAt }) => (disabledAt ? 'disabled' : 'enabled') },
    { name: 'Since', cell: ({ createdAt }) => instant(createdAt) },
  ],
  view.clients,
  'No client is like that.',
)}
${listPager(frame, view.listing)}`,
  )

/** A secret, for the only time. */
export interface ToldSecretView extends AdminFrameView {
  readonly clientId: string
  readonly clientName: string
  readonly secret: string
}

/** Tells a secret that was just made. It is on no other page, and asking for this one again makes none. */
export const toldSecretPage = (view: ToldSecretView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: 'clients',
      title: `Secret of ${view.clientName}`,
      above: { href: pathUrl(frame, clientPath(view.clientId)).toString(), name: view.clientName },
      command: `postern client secret add ${view.clientId}`,
    },
    html`<p class="notice" role="status">This is the only time that the secret is shown. Put it where the client keeps its secrets.</p>
<dl class="facts"><div><dt>Client id</dt><dd><code id="client-id">${view.clientId}</code></dd></div>
<div><dt>Client secret</dt><dd><code id="client-secret">${view.secret}</code></dd></div></dl>
<p><a id="kept" class="button" href="${pathUrl(frame, clientPath(view.clientId))}">I have kept it</a></p>`,
  )
