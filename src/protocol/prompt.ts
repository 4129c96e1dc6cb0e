import { OAuthError } from './error.ts'

export const PROMPTS = ['none', 'login', 'consent', 'select_account', 'create'] as const
export type Prompt = (typeof PROMPTS)[number]

/** What the user has to be asked. "If this parameter contains none with any other value, an error is returned." OIDC Core §3.1.2.1 */
export function parsePrompt(text: string | undefined): readonly Prompt[] {
  const tokens = (text ?? '').split(' ').filter((token) => token !== '')
  const prompts = PROMPTS.filter((prompt) => tokens.includes(prompt))
  if (!tokens.every((token) => PROMPTS.some((prompt) => prompt === token))) {
    throw new OAuthError('invalid_request', 'prompt has an unknown value')
  }
  if (prompts.includes('none') && prompts.length > 1) {
    throw new OAuthError('invalid_request', 'prompt none stands alone')
  }
  return prompts
}

/** How old, in seconds, the sign-in may be. OIDC Core §3.1.2.1 */
export function parseMaxAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new OAuthError('invalid_request', 'max_age is not a whole number of seconds')
  return Number(text)
}
