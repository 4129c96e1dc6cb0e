import { SHORTEST_USERNAME } from '../../accounts/names.ts'
import { LONGEST, RULES, SHORTEST } from '../../accounts/password-policy.ts'
import type { SignUpFaults, SignUpForm } from '../../accounts/sign-up.ts'
import type { Deps } from '../../deps.ts'
import type { Parameters } from '../../protocol/parameters.ts'
import type { AccountFaults, NewAccountView } from '../../views/account-fields.ts'

const LONGEST_FIELD = 1024

/** A form for a new account as it was sent, with what is missing from it. */
export interface SentAccountForm {
  readonly form: SignUpForm
  readonly missing: AccountFaults | undefined
}

/** Reads a form for a new account. The password is taken as it is; names lose the spaces around them. */
export function readAccountForm(parameters: Parameters, fixedEmail?: string): SentAccountForm {
  const read = (name: string) => (parameters.get(name) ?? '').slice(0, LONGEST_FIELD)
  const form = {
    username: read('username').trim(),
    email: fixedEmail ?? read('email').trim(),
    password: read('password'),
  }
  const missing: AccountFaults = {
    ...(form.email === '' ? { email: 'missing' as const } : {}),
    ...(form.username === '' ? { username: 'missing' as const } : {}),
    ...(form.password === '' ? { password: 'missing' as const } : {}),
  }
  return { form, missing: Object.keys(missing).length > 0 ? missing : undefined }
}

/** The faults as the page names them. */
export const shownFaults = ({ username, email, password }: SignUpFaults): AccountFaults => ({
  ...(username ? { username } : {}),
  ...(email ? { email } : {}),
  ...(password.length > 0 ? { password } : {}),
})

/** What the page of a new account shows: what was typed, save the password, and the rules in force. */
export function accountView(
  { config }: Pick<Deps, 'config'>,
  typed: Partial<SignUpForm>,
  faults: AccountFaults | undefined,
): NewAccountView {
  const { passwordPolicy, usernameMax } = config
  return {
    ...(typed.email ? { email: typed.email } : {}),
    ...(typed.username ? { username: typed.username } : {}),
    ...(faults ? { faults } : {}),
    usernameLength: { min: SHORTEST_USERNAME, max: usernameMax },
    passwordLength: { min: SHORTEST[passwordPolicy], max: LONGEST },
    passwordRules: RULES[passwordPolicy],
  }
}
