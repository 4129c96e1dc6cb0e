import { fill } from './catalogue/fill.ts'
import type { Catalogue } from './catalogue/index.ts'
import { type Fault, field } from './form.ts'
import { type Html, html, type Value } from './html.ts'
import {
  type NewPasswordView,
  newPasswordFaults,
  newPasswordField,
  type PasswordRule,
  waitFault,
} from './password-fields.ts'

export type EmailFault = keyof Catalogue['fault']['email']
export type UsernameFault = keyof Catalogue['fault']['username']

/** What is wrong with a new account. The password names every rule that it failed. */
export interface AccountFaults {
  readonly email?: EmailFault
  readonly username?: UsernameFault
  readonly password?: 'missing' | readonly PasswordRule[]
  /** Too many attempts: seconds until the next may be made. */
  readonly waitSeconds?: number
}

export interface NewAccountView extends NewPasswordView {
  readonly email?: string
  /** The address is that of an invitation and cannot be changed. */
  readonly isEmailFixed?: boolean
  readonly username?: string
  readonly faults?: AccountFaults
  /** Lengths in characters. */
  readonly usernameLength: { readonly min: number; readonly max: number }
}

/** The faults for the summary, in the order of the fields. */
export function accountFaults(view: NewAccountView, words: Catalogue): readonly Fault[] {
  const { faults = {} } = view
  return [
    ...waitFault(faults.waitSeconds, words),
    ...emailFaults(view, words).map((text) => ({ text, field: 'email' })),
    ...usernameFaults(view, words).map((text) => ({ text, field: 'username' })),
    ...passwordFaults(view, words).map((text) => ({ text, field: 'password' })),
  ]
}

/** The fields of a new account: email, username and password. The password is never shown again. */
export const accountFields = (view: NewAccountView, words: Catalogue): Html => html`${field({
  name: 'email',
  label: words.fields.email,
  type: 'email',
  autocomplete: 'email',
  value: view.email,
  faults: emailFaults(view, words),
  isReadOnly: view.isEmailFixed ?? false,
})}
${field({
  name: 'username',
  label: words.fields.username,
  type: 'text',
  autocomplete: 'username',
  value: view.username,
  hint: fill(words.fields.usernameHint, { ...view.usernameLength }),
  faults: usernameFaults(view, words),
})}
${newPasswordField(view, words.fields.password, passwordFaults(view, words), words)}`

const emailFaults = ({ faults }: NewAccountView, words: Catalogue): readonly Value[] =>
  faults?.email === undefined ? [] : [words.fault.email[faults.email]]

const usernameFaults = ({ faults, usernameLength }: NewAccountView, words: Catalogue): readonly Value[] =>
  faults?.username === undefined ? [] : [fill(words.fault.username[faults.username], { ...usernameLength })]

const passwordFaults = (view: NewAccountView, words: Catalogue): readonly Value[] =>
  newPasswordFaults(view.faults?.password, view, words)
