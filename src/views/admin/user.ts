import { deviceInWords } from '../account/device.ts'
import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { listPath } from './listing.ts'
import { decision, facts, instant, table } from './parts.ts'
import { type FamilyRow, familyColumns, type SessionRow, sessionColumns } from './sessions.ts'
import { addressOf, userPath } from './users.ts'

/** A user as the console shows them. */
export interface UserView {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly emailVerified: boolean
  readonly claims: Readonly<Record<string, unknown>>
  readonly permissions: readonly string[]
  readonly disabledAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly passwordChangedAt: Date | null
  readonly recoveryCodesLeft: number
  readonly isShutToStrangers: boolean
}

interface HeldRoleView {
  readonly role: string
  readonly grantedAt: Date
  readonly grantedBy: string | null
  readonly reason: string | null
  readonly expiresAt: Date | null
  readonly isOver: boolean
}

interface FactorRow {
  readonly name: string
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
}

interface DeviceRow {
  readonly id: string
  readonly name: string
  readonly posture: string | null
  readonly lastSeenAt: Date
  readonly isVoid: boolean
}

interface EventRow {
  readonly id: string
  readonly at: string
  readonly type: string
  readonly outcome: string
  readonly actor: string
}

/** What the administrator may do to users; a button that would be refused is not shown. */
export interface UserRights {
  readonly write: boolean
  readonly delete: boolean
  readonly resetFactors: boolean
  readonly grant: boolean
  readonly endSessions: boolean
}

export interface UserPageView extends AdminFrameView {
  readonly csrf: string
  /** Where the paths of the console begin. */
  readonly root: string
  readonly user: UserView
  readonly roles: readonly HeldRoleView[]
  readonly factors: readonly FactorRow[]
  readonly devices: readonly DeviceRow[]
  /** `undefined`: not for this administrator to see. */
  readonly sessions: readonly SessionRow[] | undefined
  readonly families: readonly FamilyRow[] | undefined
  readonly events: readonly EventRow[] | undefined
  readonly may: UserRights
}

/** One user: how they stand, and everything that can be done about it. */
export function userPage(view: UserPageView, frame: Frame): Html {
  const { user } = view
  return adminPage(
    view,
    frame,
    {
      section: 'users',
      title: user.username,
      above: { href: pathUrl(frame, ADMIN_PATHS.users).toString(), name: 'Users' },
      command: `postern user show ${user.username}\npostern user roles ${user.username}\npostern session list --user ${user.username}\npostern device list ${user.username}`,
    },
    html`${standing(user)}
${actions(view, frame)}
<h2>Roles</h2>
${table('roles', 'Roles, with those whose time is over', roleColumns(view), view.roles, 'No roles.')}
${view.may.grant && html`<p><a id="grant-role" class="button" href="${pathUrl(frame, `${userPath(user.id)}/roles/new`)}">Grant a role</a></p>`}
<h2>Second factors</h2>
${table('factors', 'Authenticators', FACTOR_COLUMNS, view.factors, 'No second factor.')}
<p>Recovery codes left: ${user.recoveryCodesLeft}</p>
<h2>Devices</h2>
${table('devices', 'Devices that the account knows', deviceColumns(view, frame), view.devices, 'No device is known.')}
${view.sessions && sessions(view, frame, view.sessions)}
${view.families && families(view, frame, view.families)}
${view.events && events(user, frame, view.events)}`,
  )
}

const standing = (user: UserView): Html =>
  facts([
    ['State', user.disabledAt ? html`disabled since ${instant(user.disabledAt)}` : 'enabled'],
    ['Address', addressOf(user.email, user.emailVerified)],
    ['Name', typeof user.claims.name === 'string' ? html`<bdi>${user.claims.name}</bdi>` : undefined],
    ['Id (sub)', html`<code>${user.id}</code>`],
    ['Created', instant(user.createdAt)],
    ['Changed', instant(user.updatedAt)],
    ['Password', user.passwordChangedAt ? html`set ${instant(user.passwordChangedAt)}` : 'none yet'],
    [
      'Strangers',
      user.isShutToStrangers ? 'turned away: too many wrong passwords from unknown devices' : 'may try a password',
    ],
    ['May administer', user.permissions.includes('*') ? 'everything' : user.permissions.join(', ') || 'nothing'],
  ])

function actions({ may, user, csrf, root }: UserPageView, frame: Frame): Html {
  const way = (verb: string) => `${userPath(user.id)}/${verb}`
  const now = (verb: string, label: string) => decision({ action: root + way(verb), csrf }, `user-${verb}`, label)
  const later = (verb: string, label: string) =>
    html`<a id="user-${verb}" class="button" href="${pathUrl(frame, way(verb))}">${label}</a>`
  return html`<h2>Actions</h2>
<div class="decisions">
${may.write && later('edit', 'Edit')}
${may.write && (user.disabledAt ? now('enable', 'Enable') : later('disable', 'Disable…'))}
${may.write && user.isShutToStrangers && now('unlock', 'Let strangers try again')}
${may.write && user.email !== null && now('send-reset', 'Mail a link to a new password')}
${may.endSessions && later('sign-out', 'Sign out everywhere…')}
${may.resetFactors && later('reset-factors', 'Reset second factors…')}
${may.delete && later('delete', 'Delete…')}
</div>`
}

const roleColumns = ({ may, user, csrf, root }: UserPageView) => [
  { name: 'Role', cell: ({ role }: HeldRoleView) => role },
  {
    name: 'Until',
    cell: ({ expiresAt, isOver }: HeldRoleView) =>
      expiresAt ? html`${instant(expiresAt)}${isOver && ' (over)'}` : 'for good',
  },
  { name: 'Granted', cell: ({ grantedAt }: HeldRoleView) => instant(grantedAt) },
  { name: 'By', cell: ({ grantedBy }: HeldRoleView) => grantedBy ?? '–' },
  { name: 'Why', cell: ({ reason }: HeldRoleView) => reason ?? '–' },
  ...(may.grant
    ? [
        {
          name: 'Action',
          cell: ({ role }: HeldRoleView) =>
            decision({ action: `${root}${userPath(user.id)}/roles/revoke`, csrf }, `revoke-${role}`, 'Take away', {
              hidden: { role },
            }),
        },
      ]
    : []),
]

const FACTOR_COLUMNS = [
  { name: 'Name', cell: ({ name }: FactorRow) => html`<bdi>${name}</bdi>` },
  { name: 'Added', cell: ({ createdAt }: FactorRow) => instant(createdAt) },
  { name: 'Last used', cell: ({ lastUsedAt }: FactorRow) => instant(lastUsedAt) },
]

const deviceColumns = ({ may, user, csrf, root }: UserPageView, frame: Frame) => [
  { name: 'Device', cell: ({ name }: DeviceRow) => deviceInWords(name, frame.words) },
  { name: 'Id', cell: ({ id }: DeviceRow) => html`<code>${id}</code>` },
  { name: 'Posture', cell: ({ posture }: DeviceRow) => posture ?? 'not stated' },
  { name: 'Last seen', cell: ({ lastSeenAt }: DeviceRow) => instant(lastSeenAt) },
  { name: 'Counts', cell: ({ isVoid }: DeviceRow) => (isVoid ? 'as a stranger' : 'as known') },
  ...(may.write
    ? [
        {
          name: 'Action',
          cell: ({ id }: DeviceRow) =>
            decision({ action: `${root}${userPath(user.id)}/devices/remove`, csrf }, `forget-${id}`, 'Forget', {
              hidden: { id },
            }),
        },
      ]
    : []),
]

const sessions = (view: UserPageView, frame: Frame, rows: readonly SessionRow[]): Html =>
  html`<h2>Sessions</h2>
${table('sessions', 'The newest sessions that are good', sessionColumns(view, frame, { withUser: false, mayEnd: view.may.endSessions, back: 'user' }), rows, 'Not signed in anywhere.')}
<p><a href="${pathUrl(frame, listPath(ADMIN_PATHS.sessions, { user_id: view.user.id }))}">All their sessions</a></p>`

const families = (view: UserPageView, frame: Frame, rows: readonly FamilyRow[]): Html =>
  html`<h2>Apps</h2>
${table('grants', 'The newest grants that are live', familyColumns(view, frame, { withUser: false, mayEnd: view.may.endSessions, back: 'user' }), rows, 'No app holds a grant.')}
<p><a href="${pathUrl(frame, listPath(`${ADMIN_PATHS.sessions}/grants`, { user_id: view.user.id }))}">All their grants</a></p>`

const events = (user: UserView, frame: Frame, rows: readonly EventRow[]): Html =>
  html`<h2>Recent events</h2>
${table(
  'events',
  'What happened last',
  [
    { name: 'At', cell: ({ at }) => instant(new Date(at)) },
    { name: 'Event', cell: ({ type }) => type },
    { name: 'Outcome', cell: ({ outcome }) => outcome },
    { name: 'By', cell: ({ actor }) => actor },
  ],
  rows,
  'Nothing is recorded.',
)}
<p><a href="${pathUrl(frame, listPath(ADMIN_PATHS.audit, { user_id: user.id }))}">Everything in the audit log</a></p>`
