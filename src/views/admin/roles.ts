import type { FieldFault } from '../../administration/refused.ts'
import { type FormView, form } from '../form.ts'
import { type Html, html, url } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { type ListingView, listPager } from './listing.ts'
import { checkBox, decision, facts, faultsAt, linesBox, refusal, table, textBox } from './parts.ts'

/** A role as the console shows it. */
export interface RoleView {
  readonly name: string
  readonly description: string
  readonly requireMfa: boolean
  readonly allowedNetworks: readonly string[]
  /** `*`: everything. */
  readonly permissions: readonly string[]
  readonly scopes: Readonly<Record<string, readonly string[]>>
  readonly holders: number
}

export interface RolesView extends AdminFrameView {
  readonly roles: readonly RoleView[]
  readonly listing: ListingView
  readonly mayWrite: boolean
}

/** Every role. */
export const rolesPage = (view: RolesView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: 'roles',
      title: 'Roles',
      command: 'postern role list\npostern role put support --permission users:read --permission sessions:end',
    },
    html`<p>A role says what its holders may do here, which scopes they get at resources that go by roles, and what is demanded of them. Roles are named in the <code>roles</code> claim of access tokens.</p>
${view.mayWrite && html`<p><a id="new-role" class="button" href="${pathUrl(frame, `${ADMIN_PATHS.roles}/new`)}">New role</a></p>`}
${table(
  'roles',
  'Roles',
  [
    { name: 'Name', cell: ({ name }) => html`<a href="${pathUrl(frame, rolePath(name))}">${name}</a>` },
    { name: 'Description', cell: ({ description }) => description || '–' },
    {
      name: 'Permissions',
      cell: ({ permissions }) => (permissions.includes('*') ? 'all' : permissions.join(', ') || 'none'),
    },
    {
      name: 'Holders',
      isNumber: true,
      cell: ({ name, holders }) =>
        html`<a href="${pathUrl(frame, `${ADMIN_PATHS.users}?role=${encodeURIComponent(name)}`)}">${holders}</a>`,
    },
  ],
  view.roles,
  'No roles yet.',
)}
${listPager(frame, view.listing)}`,
  )

export const rolePath = (name: string): string => `${ADMIN_PATHS.roles}/${encodeURIComponent(name)}`

/** What a form of a role was filled in with. */
export interface RoleFormView extends AdminFrameView, FormView {
  /** `undefined`: a new one. */
  readonly role: RoleView | undefined
  readonly values: Omit<RoleView, 'holders'>
  readonly version: string | undefined
  readonly permissions: readonly string[]
  /** Resources that go by roles, with their scopes. */
  readonly resources: readonly { readonly identifier: string; readonly scopes: readonly string[] }[]
  readonly mayWrite: boolean
  readonly refused?: { readonly message: string; readonly faults: readonly FieldFault[] } | undefined
}

/** One role: what it is, and the form that changes it. */
export function rolePage(view: RoleFormView, frame: Frame): Html {
  const { role, refused } = view
  const title = role ? `Role ${role.name}` : 'New role'
  return adminPage(
    view,
    frame,
    {
      section: 'roles',
      title,
      isFault: refused !== undefined,
      above: { href: pathUrl(frame, ADMIN_PATHS.roles).toString(), name: 'Roles' },
      command: role
        ? `postern role show ${role.name}\npostern role put ${role.name} --description …\npostern role remove ${role.name}`
        : 'postern role put NAME --description … --permission users:read --scope https://api.example.com=orders:read',
    },
    html`${refusal(refused)}
${role && facts([['Holders', html`<a href="${pathUrl(frame, `${ADMIN_PATHS.users}?role=${encodeURIComponent(role.name)}`)}">${role.holders}</a>`]])}
${view.mayWrite ? editForm(view) : shown(view.values)}
${view.mayWrite && role && role.name !== 'administrator' && deletion(view, role)}`,
  )
}

const isAdministrator = ({ role }: RoleFormView): boolean => role?.permissions.includes('*') ?? false

function editForm(view: RoleFormView): Html {
  const { values, refused } = view
  const faults = (name: string) => faultsAt(refused?.faults ?? [], name)
  return form(
    view,
    'role-form',
    html`${view.version !== undefined && html`<input type="hidden" name="version" value="${view.version}">`}
${!view.role && textBox({ name: 'name', label: 'Name', hint: 'As it stands in tokens: letters, digits, and _ . : -', value: values.name, isRequired: true, faults: faults('name') })}
${textBox({ name: 'description', label: 'Description', value: values.description, faults: faults('description') })}
${checkBox({ name: 'require_mfa', label: 'Holders need a second factor', isChecked: values.requireMfa })}
${linesBox({ name: 'allowed_networks', label: 'Allowed networks', hint: 'One CIDR range a line. Holders are refused from everywhere else. Empty: any.', value: values.allowedNetworks.join('\n'), faults: faults('allowed_networks') })}
${
  isAdministrator(view)
    ? html`<p>This role has every permission, those of later versions too.</p>`
    : html`<fieldset id="permissions"><legend>Permissions</legend><p class="hint">What holders may do in this console and the admin API.</p>
<div class="checks">${view.permissions.map((permission) => checkBox({ name: 'permissions', id: `may-${permission}`, value: permission, label: html`<code>${permission}</code>`, isChecked: values.permissions.includes(permission) }))}</div></fieldset>`
}
<div id="scopes">${view.resources.map(
      ({ identifier, scopes }) => html`<fieldset><legend>Scopes at <bdi>${identifier}</bdi></legend>
<div class="checks">${scopes.map((scope) => checkBox({ name: 'scopes', id: `${identifier}#${scope}`, value: `${identifier} ${scope}`, label: html`<code>${scope}</code>`, isChecked: values.scopes[identifier]?.includes(scope) ?? false }))}</div></fieldset>`,
    )}</div>
<div class="actions row"><button id="save-role" type="submit" class="primary" name="do" value="save">${view.role ? 'Save' : 'Create role'}</button></div>`,
  )
}

const shown = (values: RoleFormView['values']): Html =>
  facts([
    ['Description', values.description || '–'],
    ['Second factor', values.requireMfa ? 'required' : 'not required'],
    ['Networks', values.allowedNetworks.join(', ') || 'any'],
    ['Permissions', values.permissions.includes('*') ? 'all' : values.permissions.join(', ') || 'none'],
    ...Object.entries(values.scopes).map(([at, names]) => [`Scopes at ${at}`, names.join(', ')] as const),
  ])

const deletion = (view: FormView, role: RoleView): Html =>
  html`<h2>Delete</h2>
<p>${role.holders === 0 ? 'Nobody holds this role.' : `${role.holders} ${role.holders === 1 ? 'user holds' : 'users hold'} this role, and would lose what it allows at once.`}</p>
${decision({ ...view, action: url(`${view.action}/delete`).toString() }, 'delete-role', 'Delete role', { isDangerous: true })}`
