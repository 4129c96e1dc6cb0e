import { deviceInWords } from '../account/device.ts'
import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { filters, type ListingView, listPager } from './listing.ts'
import { type Column, choice, decision, instant, table, textBox } from './parts.ts'

export const GRANTS_PATH = `${ADMIN_PATHS.sessions}/grants`

export interface SessionRow {
  readonly id: string
  readonly userId: string
  readonly username: string
  readonly amr: readonly string[]
  readonly address: string
  readonly userAgent: string
  readonly authTime: Date
  readonly lastSeenAt: Date
}

/** A grant to a client, as the console lists it. */
export interface FamilyRow {
  readonly id: string
  readonly userId: string
  readonly username: string
  readonly clientId: string
  readonly clientName: string
  readonly scope: readonly string[]
  readonly offline: boolean
  readonly grantedAt: Date
  readonly lastUsedAt: Date
  readonly isLive: boolean
  readonly revokedReason: string | null
}

interface Ending {
  readonly csrf: string
  /** Where the paths of the console begin. */
  readonly root: string
}

interface Shape {
  readonly withUser: boolean
  readonly mayEnd: boolean
  /** Where it goes on after one was ended. */
  readonly back: 'user' | 'list'
}

const userColumn = (frame: Frame) => ({
  name: 'User',
  cell: ({ userId, username }: { readonly userId: string; readonly username: string }) =>
    html`<a href="${pathUrl(frame, `${ADMIN_PATHS.users}/${userId}`)}"><bdi>${username}</bdi></a>`,
})

/** The columns of a list of sessions, with the way to end each. */
export const sessionColumns = (
  { csrf, root }: Ending,
  frame: Frame,
  { withUser, mayEnd, back }: Shape,
): readonly Column<SessionRow>[] => [
  ...(withUser ? [userColumn(frame)] : []),
  { name: 'Browser', cell: ({ userAgent }: SessionRow) => deviceInWords(userAgent, frame.words) },
  { name: 'Network', cell: ({ address }: SessionRow) => html`<span dir="ltr">${address}</span>` },
  { name: 'How', cell: ({ amr }: SessionRow) => amr.join(' ') },
  { name: 'Signed in', cell: ({ authTime }: SessionRow) => instant(authTime) },
  { name: 'Last seen', cell: ({ lastSeenAt }: SessionRow) => instant(lastSeenAt) },
  ...(mayEnd
    ? [
        {
          name: 'Action',
          cell: ({ id }: SessionRow) =>
            decision({ action: `${root}${ADMIN_PATHS.sessions}/end`, csrf }, `end-${id}`, 'End', {
              hidden: { id, back },
            }),
        },
      ]
    : []),
]

/** The columns of a list of grants, with the way to end each that is live. */
export const familyColumns = (
  { csrf, root }: Ending,
  frame: Frame,
  { withUser, mayEnd, back }: Shape,
): readonly Column<FamilyRow>[] => [
  ...(withUser ? [userColumn(frame)] : []),
  {
    name: 'App',
    cell: ({ clientId, clientName }: FamilyRow) =>
      html`<a href="${pathUrl(frame, `${ADMIN_PATHS.clients}/${encodeURIComponent(clientId)}`)}"><bdi>${clientName}</bdi></a>`,
  },
  { name: 'Scope', cell: ({ scope }: FamilyRow) => scope.join(' ') || '–' },
  { name: 'Outlives sign-out', cell: ({ offline }: FamilyRow) => (offline ? 'yes' : 'no') },
  { name: 'Granted', cell: ({ grantedAt }: FamilyRow) => instant(grantedAt) },
  { name: 'Last used', cell: ({ lastUsedAt }: FamilyRow) => instant(lastUsedAt) },
  {
    name: 'State',
    cell: ({ isLive, revokedReason }: FamilyRow) =>
      isLive ? 'live' : `ended${revokedReason ? `: ${revokedReason}` : ''}`,
  },
  ...(mayEnd
    ? [
        {
          name: 'Action',
          cell: ({ id, isLive }: FamilyRow) =>
            isLive &&
            decision({ action: `${root}${GRANTS_PATH}/end`, csrf }, `end-${id}`, 'Revoke', { hidden: { id, back } }),
        },
      ]
    : []),
]

interface ListView extends AdminFrameView, Ending {
  readonly listing: ListingView
  readonly mayEnd: boolean
}

export interface SessionsView extends ListView {
  readonly sessions: readonly SessionRow[]
}

const whose = (view: ListView): Html =>
  textBox({ name: 'user_id', label: 'Id of the user', value: view.listing.filter.user_id, type: 'search' })

/** Where people are signed in. */
export const sessionsPage = (view: SessionsView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    { section: 'sessions', title: 'Sessions', command: 'postern session list --user ada\npostern session end ID' },
    html`<p>The sessions that are good now, newest first. <a id="to-grants" href="${pathUrl(frame, GRANTS_PATH)}">What users have granted to apps</a> has a list of its own.</p>
${filters(frame, ADMIN_PATHS.sessions, whose(view))}
${table('sessions', 'Sessions', sessionColumns(view, frame, { withUser: true, mayEnd: view.mayEnd, back: 'list' }), view.sessions, 'No session is like that.')}
${listPager(frame, view.listing)}`,
  )

export interface GrantsView extends ListView {
  readonly families: readonly FamilyRow[]
}

/** What users have granted to apps. */
export const grantsPage = (view: GrantsView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: 'sessions',
      title: 'Grants to apps',
      command: 'postern family list\npostern family revoke ID',
      above: { href: pathUrl(frame, ADMIN_PATHS.sessions).toString(), name: 'Sessions' },
    },
    html`<p>Each is what a user has granted an app, with the tokens that come from it. One that is revoked is refused at once.</p>
${filters(
  frame,
  GRANTS_PATH,
  html`${whose(view)}
${textBox({ name: 'client_id', label: 'Id of the client', value: view.listing.filter.client_id, type: 'search' })}
${choice({
  name: 'state',
  label: 'State',
  value: view.listing.filter.state,
  options: [
    ['', 'Any'],
    ['live', 'Live'],
    ['ended', 'Ended'],
  ],
})}`,
)}
${table('grants', 'Grants', familyColumns(view, frame, { withUser: true, mayEnd: view.mayEnd, back: 'list' }), view.families, 'No grant is like that.')}
${listPager(frame, view.listing)}`,
  )
