import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { filters, type ListingView, listPager } from './listing.ts'
import { choice, instant, table, textBox } from './parts.ts'

/** A user in the list. */
export interface UserRow {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly emailVerified: boolean
  readonly roles: readonly string[]
  readonly disabledAt: Date | null
  readonly hasFactor: boolean
  readonly createdAt: Date
}

export interface UsersView extends AdminFrameView {
  readonly users: readonly UserRow[]
  readonly roles: readonly string[]
  readonly listing: ListingView
  readonly mayWrite: boolean
}

export const userPath = (id: string): string => `${ADMIN_PATHS.users}/${id}`

/** The users, by name. */
export const usersPage = (view: UsersView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    { section: 'users', title: 'Users', command: 'postern user list' },
    html`${
      view.mayWrite &&
      html`<p class="decisions"><a id="new-user" class="button" href="${pathUrl(frame, `${ADMIN_PATHS.users}/new`)}">New user</a>
<a id="invite-user" class="button" href="${pathUrl(frame, `${ADMIN_PATHS.users}/invite`)}">Invite somebody</a></p>`
    }
${filters(
  frame,
  ADMIN_PATHS.users,
  html`${textBox({ name: 'query', label: 'Name or address', value: view.listing.filter.query, type: 'search' })}
${choice({ name: 'role', label: 'Role', value: view.listing.filter.role, options: [['', 'Any'], ...view.roles.map((role) => [role, role] as const)] })}
${choice({ name: 'state', label: 'State', value: view.listing.filter.state, options: STATES })}`,
)}
${table('users', 'Users', columns(frame), view.users, 'No user is like that.')}
${listPager(frame, view.listing)}`,
  )

const STATES = [
  ['', 'Any'],
  ['enabled', 'Enabled'],
  ['disabled', 'Disabled'],
] as const

const columns = (frame: Frame) => [
  {
    name: 'Name',
    cell: ({ id, username }: UserRow) => html`<a href="${pathUrl(frame, userPath(id))}"><bdi>${username}</bdi></a>`,
  },
  { name: 'Address', cell: ({ email, emailVerified }: UserRow) => addressOf(email, emailVerified) },
  { name: 'Roles', cell: ({ roles }: UserRow) => roles.join(', ') || '–' },
  { name: 'Second factor', cell: ({ hasFactor }: UserRow) => (hasFactor ? 'yes' : 'no') },
  { name: 'State', cell: ({ disabledAt }: UserRow) => (disabledAt ? 'disabled' : 'enabled') },
  { name: 'Since', cell: ({ createdAt }: UserRow) => instant(createdAt) },
]

/** An address, and whether it is known to be theirs. */
export const addressOf = (email: string | null, isVerified: boolean): Html | string =>
  email === null ? '–' : html`<bdi>${email}</bdi>${!isVerified && ' (not verified)'}`
