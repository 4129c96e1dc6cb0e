import { fill, waitInWords } from './catalogue/fill.ts'
import type { Catalogue } from './catalogue/index.ts'
import { type Fault, field } from './form.ts'
import { type Html, html, type Value } from './html.ts'

export type EmailFault = keyof Catalogue['fault']['email']
export type UsernameFault = keyof Catalogue['fault']['username']
/** A rule of the password policy: shown before typing, and named when it fails. */
export type PasswordRule = keyof Catalogue['passwordRule']

/** What is wrong with a new account. The password names every rule that it failed. */
export interface AccountFaults {
  readonly email?: EmailFault
  readonly username?: UsernameFault
  readonly password?: 'missing' | readonly PasswordRule[]
  /** Too many attempts: seconds until the next may be made. */
  readonly waitSeconds?: number
}

interface Span {
  readonly min: number
  readonly max: number
}

export interface NewAccountView {
  readonly email?: string
  /** The address is that of an invitation and cannot be changed. */
  readonly isEmailFixed?: boolean
  readonly username?: string
  readonly faults?: AccountFaults
  /** Lengths in characters. */
  readonly usernameLength: Span
  readonly passwordLength: Span
  /** The rules in force, in the order in which they are shown. */
  readonly passwordRules: readonly PasswordRule[]
}

/** The faults for the summary, in the order of the fields. */
export function accountFaults(view: NewAccountView, words: Catalogue): readonly Fault[] {
  const { faults = {} } = view
  return [
    ...(faults.waitSeconds === undefined
      ? []
      : [{ text: fill(words.fault.wait, { wait: waitInWords(words.lang, faults.waitSeconds) }) }]),
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
  hint: fill(words.fields.usernameHint, inNumbers(view.usernameLength)),
  faults: usernameFaults(view, words),
})}
${field({
  name: 'password',
  label: words.fields.password,
  type: 'password',
  autocomplete: 'new-password',
  hint: html`${words.fields.passwordRules}<ul id="password-rules">${view.passwordRules.map((rule) => html`<li>${fill(words.passwordRule[rule], inNumbers(view.passwordLength))}</li>`)}</ul>`,
  faults: passwordFaults(view, words),
  reveal: words.fields.showPassword,
})}`

const inNumbers = ({ min, max }: Span) => ({ min, max })

const emailFaults = ({ faults }: NewAccountView, words: Catalogue): readonly Value[] =>
  faults?.email === undefined ? [] : [words.fault.email[faults.email]]

const usernameFaults = ({ faults, usernameLength }: NewAccountView, words: Catalogue): readonly Value[] =>
  faults?.username === undefined ? [] : [fill(words.fault.username[faults.username], inNumbers(usernameLength))]

function passwordFaults({ faults, passwordLength }: NewAccountView, words: Catalogue): readonly Value[] {
  if (faults?.password === undefined) return []
  if (faults.password === 'missing') return [words.fault.password.missing]
  return faults.password.map((rule) => fill(words.fault.password[rule], inNumbers(passwordLength)))
}
