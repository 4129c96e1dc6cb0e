import { COMMON_PASSWORDS } from './common-passwords.ts'

/** A rule that a password breaks. */
export type PasswordFault = 'length' | 'upper' | 'lower' | 'digit' | 'special' | 'common' | 'personal'

export type PasswordPolicy = 'composition' | 'nist'

/** What the password must not be made of. */
export interface PasswordContext {
  readonly words: readonly (string | undefined)[]
}

/** What a person's password must not be made of: their own names, and ours. */
export const ownWords = (
  { username, email }: { readonly username: string; readonly email: string | null },
  issuer: string,
): PasswordContext => ({
  words: [username, email ?? undefined, email?.split('@')[0], new URL(issuer).hostname],
})

/** The rules that can be shown before anything is typed. */
export const RULES: Readonly<Record<PasswordPolicy, readonly PasswordFault[]>> = {
  composition: ['length', 'upper', 'lower', 'digit', 'special', 'common', 'personal'],
  nist: ['length', 'common', 'personal'],
}

export const SHORTEST: Readonly<Record<PasswordPolicy, number>> = { composition: 12, nist: 15 }
export const LONGEST = 128

const SPECIAL = /[!@#$%^&*(),.?":{}|<>]/

/**
 * Which rules a new password breaks. `composition`: 12 to 128 characters with upper, lower, digit and special, and not on
 * the blocklist. `nist`: length and blocklist alone (SP 800-63B-4 §3.1.1.2). Length counts code points; nothing is trimmed.
 */
export function passwordFaults(
  policy: PasswordPolicy,
  password: string,
  context: PasswordContext,
): readonly PasswordFault[] {
  const length = [...password].length
  const breaks: Readonly<Record<PasswordFault, boolean>> = {
    length: length < SHORTEST[policy] || length > LONGEST,
    upper: !/[A-Z]/.test(password),
    lower: !/[a-z]/.test(password),
    digit: !/\d/.test(password),
    special: !SPECIAL.test(password),
    common: isCommon(password),
    personal: context.words.some((word) => isMadeOf(password, word)),
  }
  return RULES[policy].filter((fault) => breaks[fault])
}

/** Compares what is left when the decoration that composition rules provoke is taken off. */
const isCommon = (password: string): boolean =>
  cores(password).some((core) => COMMON_PASSWORDS.has(core)) || new Set(password).size < 4

/** A short word may turn up by chance, so it counts only when it is all there is. */
function isMadeOf(password: string, word: string | undefined): boolean {
  const [personal = ''] = cores(word ?? '')
  if (personal.length < 3) return false
  return cores(password).some((core) => (personal.length < 5 ? core === personal : core.includes(personal)))
}

/** A sign at an end may stand for a letter ($ecret) or be decoration (secret2020): it is read both ways. */
function cores(text: string): readonly [string, string] {
  const plain = text.toLowerCase()
  return [bare(asLetters(plain)), asLetters(bare(plain))]
}

const asLetters = (text: string): string => text.replaceAll('@', 'a').replaceAll('0', 'o').replaceAll('$', 's')
const bare = (text: string): string => text.replace(/^[^a-z]+|[^a-z]+$/g, '')
