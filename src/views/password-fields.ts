import { fill, waitInWords } from './catalogue/fill.ts'
import type { Catalogue } from './catalogue/index.ts'
import { type Fault, field } from './form.ts'
import { type Html, html, type Value } from './html.ts'

/** A rule of the password policy: shown before typing, and named when it fails. */
export type PasswordRule = keyof Catalogue['passwordRule']

/** What is wrong with a new password: every rule that it failed. */
export type NewPasswordFault = 'missing' | 'same' | readonly PasswordRule[]

export interface NewPasswordView {
  /** Lengths in characters. */
  readonly passwordLength: { readonly min: number; readonly max: number }
  /** The rules in force, in the order in which they are shown. */
  readonly passwordRules: readonly PasswordRule[]
}

/** The texts of a new password's faults. */
export function newPasswordFaults(
  fault: NewPasswordFault | undefined,
  { passwordLength }: NewPasswordView,
  words: Catalogue,
): readonly Value[] {
  if (fault === undefined) return []
  if (fault === 'missing') return [words.fault.password.missing]
  if (fault === 'same') return [words.passwordChange.same]
  return fault.map((rule) => fill(words.fault.password[rule], { ...passwordLength }))
}

/** A field for a new password, with its rules shown before anything is typed. */
export const newPasswordField = (
  view: NewPasswordView,
  label: string,
  faults: readonly Value[],
  words: Catalogue,
  isFocused = false,
): Html =>
  field({
    name: 'password',
    label,
    type: 'password',
    autocomplete: 'new-password',
    hint: html`${words.fields.passwordRules}<ul id="password-rules">${view.passwordRules.map((rule) => html`<li>${fill(words.passwordRule[rule], { ...view.passwordLength })}</li>`)}</ul>`,
    faults,
    reveal: words.fields.showPassword,
    isFocused,
  })

/** Tells a password manager whose password it is. */
export const passwordOwner = (username: string): Html =>
  html`<input type="text" name="owner" autocomplete="username" value="${username}" hidden readonly>`

/** A wait is about no field. */
export const waitFault = (seconds: number | undefined, words: Catalogue): readonly Fault[] =>
  seconds === undefined ? [] : [{ text: fill(words.fault.wait, { wait: waitInWords(words.lang, seconds) }) }]
