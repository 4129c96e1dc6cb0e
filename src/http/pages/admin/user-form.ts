import type { Parameters } from '../../../protocol/parameters.ts'
import type { UserFormView } from '../../../views/admin/user-forms.ts'

/** The claims that the console asks for, with their labels. The API takes all that are standard. OIDC Core §5.1 */
export const CLAIM_LABELS = [
  ['name', 'Full name'],
  ['given_name', 'Given name'],
  ['family_name', 'Family name'],
  ['nickname', 'Nickname'],
  ['locale', 'Language, as en or de-CH'],
  ['zoneinfo', 'Time zone, as Europe/Zurich'],
  ['phone_number', 'Telephone'],
] as const

/** What a form of a user says, as the API takes it. A claim that is empty is `null`. */
export const valuesOf = (form: Parameters) => ({
  username: form.get('username') ?? '',
  email: form.get('email')?.trim(),
  email_verified: form.get('email_verified') === 'yes',
  claims: Object.fromEntries(CLAIM_LABELS.map(([name]) => [name, form.get(`claims.${name}`)?.trim() || null])),
})

/** The same without what is empty, for who is new. */
export function newValuesOf(form: Parameters) {
  const { claims, email_verified: isVerified, ...fields } = valuesOf(form)
  const filled = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null))
  return { ...fields, email_verified: isVerified, password: form.get('password'), claims: filled }
}

/** What was typed, or what is stored, for the form to show. */
export function shownValues(
  form: Parameters | undefined,
  stored?: {
    readonly username: string
    readonly email: string | null
    readonly emailVerified: boolean
    readonly claims: Readonly<Record<string, unknown>>
  },
): UserFormView['values'] {
  const typed = form && valuesOf(form)
  const claims = typed?.claims ?? stored?.claims ?? {}
  const texts = Object.entries(claims).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  return {
    username: typed?.username ?? stored?.username ?? '',
    email: typed?.email ?? (typed ? '' : (stored?.email ?? '')),
    emailVerified: typed?.email_verified ?? stored?.emailVerified ?? false,
    claims: Object.fromEntries(texts),
  }
}
