import type { Dashboard, KeyOutlook } from '../../administration/dashboard.ts'
import type { KnownTotals, Period, Statistics } from '../../administration/statistics.ts'
import { type Html, html, type Value } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { barChart } from './charts.ts'
import { ADMIN_PATHS, type AdminFrameView, type AdminSection, adminPage } from './frame.ts'
import { facts, instant, table } from './parts.ts'

export interface DashboardView extends AdminFrameView, Dashboard {}
type Event = NonNullable<Dashboard['events']>[number]

/** How the server does: numbers, what needs attention, and what administrators did last. */
export const dashboardPage = (view: DashboardView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: 'dashboard',
      title: 'Dashboard',
      command: 'postern doctor\npostern audit tail\npostern key list',
    },
    html`${totals(view.totals, frame)}
${view.findings && findings(view.findings)}
${view.statistics && activity(view.statistics)}
${view.keys && keys(view.keys, frame)}
${view.events && administration(view, view.events, frame)}`,
  )

const link = (frame: Frame, section: AdminSection, text: Value): Html =>
  html`<a href="${pathUrl(frame, ADMIN_PATHS[section])}">${text}</a>`

function totals({ activeSessions, users, clients }: KnownTotals, frame: Frame): Html | false {
  const tiles: readonly (readonly [name: Html, value: number, note?: string | undefined])[] = [
    ...(activeSessions === undefined ? [] : [[link(frame, 'sessions', 'Active sessions'), activeSessions] as const]),
    ...(users ? [[link(frame, 'users', 'Users'), users.total, disabled(users)] as const] : []),
    ...(clients ? [[link(frame, 'clients', 'Clients'), clients.total, disabled(clients)] as const] : []),
  ]
  return (
    tiles.length > 0 &&
    html`<dl id="totals" class="tiles">${tiles.map(([name, value, note]) => html`<div><dt>${name}</dt><dd>${value}${note !== undefined && html` <span class="hint">${note}</span>`}</dd></div>`)}</dl>`
  )
}

const disabled = (amount: { readonly disabled: number }): string | undefined =>
  amount.disabled > 0 ? `${amount.disabled} disabled` : undefined

const findings = (found: NonNullable<Dashboard['findings']>): Html =>
  html`<h2>What doctor finds</h2>
${table(
  'findings',
  'Errors and warnings',
  [
    {
      name: 'Severity',
      cell: ({ severity }) => html`<strong class="${severity === 'error' && 'is-error'}">${severity}</strong>`,
    },
    { name: 'Finding', cell: ({ code, message }) => html`${message} <code class="hint">${code}</code>` },
    { name: 'Fix', cell: ({ fix }) => fix ?? '–' },
  ],
  found,
  'Nothing: no errors and no warnings.',
)}`

const SERIES = [
  { key: 'signIns', name: 'Sign-ins' },
  { key: 'failedSignIns', name: 'Failed sign-ins', isFault: true },
  { key: 'codesRedeemed', name: 'Codes redeemed' },
] as const

const activity = ({ hours, days }: Statistics): Html =>
  html`${charts('hours', 'Last 24 hours', 'by hour', 'Hour (UTC)', hours, ({ from }) => from.toISOString().slice(11, 16))}
${charts('days', 'Last 14 days', 'by day', 'Day (UTC)', days, ({ from }) => from.toISOString().slice(0, 10))}
<p class="hint">From the audit log. A sign-in is a right password; a failed one a refused sign-in or a wrong code of a second factor. Codes redeemed are grants that began: refreshes and the tokens of machines leave no event, and stand in the metrics.</p>`

const charts = (
  id: string,
  title: string,
  per: string,
  unit: string,
  periods: readonly Period[],
  label: (period: Period) => string,
): Html =>
  html`<h2>${title}</h2>
<div class="charts">${SERIES.map(({ key, name, ...looks }) => barChart({ id: `${id}-${key}`, name, per, bars: periods.map((one) => ({ label: label(one), value: one[key] })), ...looks }))}</div>
<details class="numbers"><summary>The numbers ${per}</summary>
${table(
  id,
  `${title}, ${per}`,
  [
    { name: unit, cell: (one: Period) => label(one) },
    ...SERIES.map(({ key, name }) => ({ name, isNumber: true, cell: (one: Period) => one[key] })),
  ],
  periods,
  'Nothing yet.',
)}</details>`

const DAY_MS = 86_400_000

const keys = ({ now, current, next, rotatesAt }: KeyOutlook, frame: Frame): Html =>
  html`<h2>Signing keys</h2>
${facts([
  ['Signs now', current ? html`<code>${current.kid}</code> (${current.alg})` : 'no key'],
  ['For', current?.activatedAt && days(now.getTime() - current.activatedAt.getTime())],
  ['Rotates', instant(rotatesAt)],
  ['Signs next', next ? html`<code>${next.kid}</code>` : 'no key'],
])}
<p>${link(frame, 'keys', 'All signing keys')}</p>`

const days = (milliseconds: number): string => {
  const count = Math.floor(milliseconds / DAY_MS)
  return count === 1 ? '1 day' : `${count} days`
}

const administration = (view: DashboardView, events: readonly Event[], frame: Frame): Html =>
  html`<h2>What administrators did last</h2>
${table(
  'administration',
  'In the last 30 days, newest first',
  [
    { name: 'When (UTC)', cell: ({ at }) => instant(at) },
    { name: 'What', cell: ({ id, type }) => entry(frame, 'audit', id, html`<code>${type}</code>`) },
    { name: 'Who', cell: ({ actor, actorName }) => html`<bdi>${actorName ?? actor}</bdi>` },
    { name: 'To', cell: (event) => target(view, event, frame) },
  ],
  events,
  'Nothing in the last 30 days.',
)}
<p>${link(frame, 'audit', 'The whole audit log')}</p>`

/** What an event is about, with the way there for who may go. */
function target({ sections }: AdminFrameView, { clientId, userId, userName }: Event, frame: Frame): Value {
  if (clientId !== null) return sections.includes('clients') ? entry(frame, 'clients', clientId, clientId) : clientId
  if (userId === null) return '–'
  return sections.includes('users') && userName !== null ? entry(frame, 'users', userId, userName) : userId
}

const entry = (frame: Frame, section: AdminSection, id: string, name: Value): Html =>
  html`<a href="${pathUrl(frame, `${ADMIN_PATHS[section]}/${encodeURIComponent(id)}`)}"><bdi>${name}</bdi></a>`
