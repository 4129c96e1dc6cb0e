import { type FormView, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { filters, type ListingView, listPager, listPath } from './listing.ts'
import { choice, facts, refusal, table, textBox } from './parts.ts'

/** An event as the console shows it: its instant is as exact as it was stored. */
export interface EventView {
  readonly id: string
  readonly at: string
  readonly type: string
  readonly outcome: string
  readonly actor: string
  readonly user_id: string | null
  readonly client_id: string | null
  readonly session_id: string | null
  readonly family_id: string | null
  readonly request_id: string | null
  readonly reason: string | null
  readonly detail: Readonly<Record<string, unknown>>
  readonly address: string | null
  /** Names and addresses as they were and are, until they are erased. */
  readonly personal: unknown
  readonly user_agent: string | null
}

export interface AuditView extends AdminFrameView, FormView {
  readonly events: readonly EventView[]
  readonly listing: ListingView
  readonly refused?: { readonly message: string; readonly faults: readonly [] } | undefined
  /** What the verification found, where it was just asked for. */
  readonly report?: ReportView | undefined
}

interface ReportView {
  readonly from: number
  readonly through: number
  readonly waiting: number
  readonly faults: readonly { readonly kind: string; readonly message: string }[]
}

const OUTCOMES = [
  ['', 'Any'],
  ['success', 'Success'],
  ['failure', 'Failure'],
] as const

const eventPath = (id: string): string => `${ADMIN_PATHS.audit}/${id}`

/** What happened, newest first. */
export const auditPage = (view: AuditView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: 'audit',
      title: 'Audit log',
      isFault: view.refused !== undefined,
      command: `${tailCommand(view.listing.filter)}\npostern audit verify`,
    },
    html`${refusal(view.refused)}
${view.report && reportOf(view.report)}
${filters(frame, ADMIN_PATHS.audit, controls(view.listing.filter))}
${table('events', 'Events, newest first', columns(frame), view.events, 'No event is like that.')}
${listPager(frame, view.listing)}
<h2>Was it tampered with?</h2>
<p>Every event is sealed into a chain within a second. The verification reads the last hundred thousand seals and says what was changed, removed, moved or put in.</p>
${form(view, 'verify-form', html`<button id="verify" type="submit">Verify the log</button>`)}`,
  )

const controls = (filter: ListingView['filter']): Html => html`
${textBox({ name: 'type', label: 'Type, such as user.signed_in', value: filter.type, type: 'search' })}
${choice({ name: 'outcome', label: 'Outcome', value: filter.outcome, options: OUTCOMES })}
${textBox({ name: 'actor', label: 'Whose doing: user:ID, operator', value: filter.actor, type: 'search' })}
${textBox({ name: 'user_id', label: 'Id of the user', value: filter.user_id, type: 'search' })}
${textBox({ name: 'client_id', label: 'Id of the client', value: filter.client_id, type: 'search' })}
${textBox({ name: 'request_id', label: 'Id of the request', value: filter.request_id, type: 'search' })}
${textBox({ name: 'from', label: 'From (UTC)', value: filter.from, type: 'datetime-local' })}
${textBox({ name: 'to', label: 'Until before (UTC)', value: filter.to, type: 'datetime-local' })}`

/** The same on the command line, as far as it has the filters. Only what a shell takes for one word is written. */
function tailCommand({ type, user_id: user, client_id: client }: ListingView['filter']): string {
  const options = Object.entries({ type, user, client }).filter(([, value]) => value && /^[\w.:~-]+$/.test(value))
  return ['postern audit tail', ...options.map(([name, value]) => `--${name} ${value}`)].join(' ')
}

const narrowed = (frame: Frame, name: string, value: string | null): Html | string =>
  value === null ? '–' : html`<a href="${pathUrl(frame, listPath(ADMIN_PATHS.audit, { [name]: value }))}">${value}</a>`

const time = (at: string): Html =>
  html`<time datetime="${at}" title="${at}">${at.slice(0, 19).replace('T', ' ')}</time>`

const columns = (frame: Frame) => [
  { name: 'When', cell: ({ id, at }: EventView) => html`<a href="${pathUrl(frame, eventPath(id))}">${time(at)}</a>` },
  { name: 'Type', cell: ({ type }: EventView) => narrowed(frame, 'type', type) },
  { name: 'Outcome', cell: ({ outcome, reason }: EventView) => (reason ? `${outcome}: ${reason}` : outcome) },
  { name: 'Whose doing', cell: ({ actor }: EventView) => narrowed(frame, 'actor', actor) },
  { name: 'User', cell: ({ user_id }: EventView) => narrowed(frame, 'user_id', user_id) },
  { name: 'Client', cell: ({ client_id }: EventView) => narrowed(frame, 'client_id', client_id) },
]

const reportOf = ({ from, through, waiting, faults }: ReportView): Html =>
  faults.length === 0
    ? html`<p id="report" class="notice" role="status">${through < from ? 'There is no seal yet.' : `Seals ${from} to ${through}: nothing was changed, removed, moved or put in.`}${waiting > 0 && ` ${waiting} events wait to be sealed.`}</p>`
    : html`<div id="report" class="fault" role="alert"><h2>Somebody has tampered with the log</h2>
<ul>${faults.map(({ kind, message }) => html`<li><strong>${kind}</strong>: ${message}</li>`)}</ul></div>`

export interface EventPageView extends AdminFrameView {
  readonly event: EventView
}

/** One event, with all that is known of it. */
export function eventPage(view: EventPageView, frame: Frame): Html {
  const { event } = view
  const { before, after, ...detail } = event.detail
  const personal = isRecord(event.personal) ? event.personal : {}
  const was = both(before, personal.before)
  const is = both(after, personal.after)
  const userHref = event.user_id === null ? undefined : pathUrl(frame, `${ADMIN_PATHS.users}/${event.user_id}`)
  return adminPage(
    view,
    frame,
    {
      section: 'audit',
      title: event.type,
      above: { href: pathUrl(frame, ADMIN_PATHS.audit).toString(), name: 'Audit log' },
      command:
        event.request_id === null ? `postern audit tail --type ${event.type}` : `postern explain ${event.request_id}`,
    },
    html`${facts([
      ['When', time(event.at)],
      ['Outcome', event.outcome],
      ['Reason', event.reason ?? undefined],
      ['Whose doing', narrowed(frame, 'actor', event.actor)],
      ['User', userHref && html`<a href="${userHref}">${event.user_id ?? ''}</a>`],
      ['Client', event.client_id === null ? undefined : narrowed(frame, 'client_id', event.client_id)],
      ['Session', event.session_id ?? undefined],
      ['Grant', event.family_id ?? undefined],
      ['Request', event.request_id === null ? undefined : narrowed(frame, 'request_id', event.request_id)],
      ['Network', event.address ?? undefined],
      ['Browser', event.user_agent || undefined],
      ...Object.entries(detail).map(([name, value]) => [name, told(value)] as const),
      ['Event', event.id],
    ])}
${(was !== undefined || is !== undefined) && changes(was ?? {}, is ?? {})}`,
  )
}

type Facts = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Facts =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What an event tells of a change, with what stands beside it of the person. */
const both = (plain: unknown, personal: unknown): Facts | undefined =>
  isRecord(plain) || isRecord(personal)
    ? { ...(isRecord(plain) ? plain : {}), ...(isRecord(personal) ? personal : {}) }
    : undefined

const told = (value: unknown): string =>
  value === undefined || value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value)

const changes = (before: Facts, after: Facts): Html =>
  table(
    'changes',
    'What was changed',
    [
      { name: 'Field', cell: (name: string) => html`<code>${name}</code>` },
      { name: 'Before', cell: (name) => told(before[name]) },
      { name: 'After', cell: (name) => told(after[name]) },
    ],
    [...new Set([...Object.keys(before), ...Object.keys(after)])],
    'Nothing.',
  )
