import type { FieldFault } from '../../administration/refused.ts'
import { type FormView, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { checkBox, choice, faultsAt, refusal, textBox } from './parts.ts'
import { userPath } from './users.ts'

interface Refusable {
  readonly refused?: { readonly message: string; readonly faults: readonly FieldFault[] } | undefined
}

/** What a form of a user was filled in with. A password is never shown again. */
export interface UserFormView extends AdminFrameView, FormView, Refusable {
  /** `undefined`: a new one. */
  readonly user: { readonly id: string; readonly username: string } | undefined
  readonly values: {
    readonly username: string
    readonly email: string
    readonly emailVerified: boolean
    readonly claims: Readonly<Record<string, string>>
  }
  readonly version: string | undefined
  readonly claims: readonly (readonly [name: string, label: string])[]
}

/** The form of a user: a new one, or what one's profile says. */
export function userFormPage(view: UserFormView, frame: Frame): Html {
  const { user, values, refused } = view
  const faults = (name: string) => faultsAt(refused?.faults ?? [], name)
  return adminPage(
    view,
    frame,
    {
      section: 'users',
      title: user ? `Edit ${user.username}` : 'New user',
      isFault: refused !== undefined,
      above: user
        ? { href: pathUrl(frame, userPath(user.id)).toString(), name: user.username }
        : { href: pathUrl(frame, ADMIN_PATHS.users).toString(), name: 'Users' },
      command: user
        ? 'postern apply -f postern.yaml   # the entry of this user under users:'
        : 'postern user create ada --email ada@example.com --password-stdin',
    },
    html`${refusal(refused)}
${form(
  view,
  'user-form',
  html`${view.version !== undefined && html`<input type="hidden" name="version" value="${view.version}">`}
${textBox({ name: 'username', label: 'User name', hint: 'Letters, digits and _', value: values.username, isRequired: true, faults: faults('username') })}
${textBox({ name: 'email', label: 'E-mail address', hint: user ? 'Both addresses are told of a change.' : undefined, type: 'email', value: values.email, faults: faults('email') })}
${checkBox({ name: 'email_verified', label: 'The address is known to be theirs', hint: user ? 'A new address is not, until you say so afterwards.' : undefined, isChecked: values.emailVerified })}
${!user && textBox({ name: 'password', label: 'Password', hint: 'Without one they set their own by the link that you mail them afterwards.', type: 'password', faults: faults('password') })}
${view.claims.map(([name, label]) => textBox({ name: `claims.${name}`, label, value: values.claims[name], faults: faults(`claims.${name}`) }))}
<div class="actions row"><button id="save-user" type="submit" class="primary">${user ? 'Save' : 'Create user'}</button></div>`,
)}`,
  )
}

export interface InviteView extends AdminFrameView, FormView, Refusable {
  readonly email: string
  /** Shown once, where no mail takes it there. */
  readonly link?: string | undefined
}

/** Inviting the owner of an address to make an account. */
export const invitePage = (view: InviteView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: 'users',
      title: 'Invite somebody',
      isFault: view.refused !== undefined,
      above: { href: pathUrl(frame, ADMIN_PATHS.users).toString(), name: 'Users' },
      command: 'postern user invite ada@example.com',
    },
    view.link === undefined
      ? html`${refusal(view.refused)}
<p>The owner of the address gets a link by which they make an account, with a name and a password of their own. It works once, for a week.</p>
${form(
  view,
  'invite-form',
  html`${textBox({ name: 'email', label: 'E-mail address', type: 'email', value: view.email, isRequired: true, faults: faultsAt(view.refused?.faults ?? [], 'email') })}
<div class="actions row"><button id="invite" type="submit" class="primary">Send the invitation</button></div>`,
)}`
      : html`<p>This server sends no mails. Take the link to <bdi>${view.email}</bdi> yourself: it is a secret, works once, for a week, and is not shown again.</p>
<pre tabindex="0"><code id="invitation">${view.link}</code></pre>`,
  )

export interface GrantFormView extends AdminFrameView, FormView, Refusable {
  readonly user: { readonly id: string; readonly username: string }
  readonly roles: readonly { readonly name: string; readonly description: string }[]
  readonly values: { readonly role: string; readonly until: string; readonly reason: string }
}

/** Granting a role, for good or for a time. */
export const grantFormPage = (view: GrantFormView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: 'users',
      title: `Grant ${view.user.username} a role`,
      isFault: view.refused !== undefined,
      above: { href: pathUrl(frame, userPath(view.user.id)).toString(), name: view.user.username },
      command: `postern user roles ${view.user.username} --add ROLE --until 2026-01-31T08:00:00Z --reason "On call"`,
    },
    html`${refusal(view.refused)}
${form(
  view,
  'grant-form',
  html`${choice({ name: 'role', label: 'Role', value: view.values.role, options: view.roles.map(({ name, description }) => [name, description ? `${name}: ${description}` : name] as const), faults: faultsAt(view.refused?.faults ?? [], 'role') })}
${textBox({ name: 'expires_at', label: 'Until', hint: 'In UTC. Empty: for good.', type: 'datetime-local', value: view.values.until, faults: faultsAt(view.refused?.faults ?? [], 'expires_at') })}
${textBox({ name: 'reason', label: 'Why', hint: 'Kept with the role and in the audit log.', value: view.values.reason, faults: faultsAt(view.refused?.faults ?? [], 'reason') })}
<div class="actions row"><button id="save-grant" type="submit" class="primary">Grant</button></div>`,
)}`,
  )
