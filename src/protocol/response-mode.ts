export const RESPONSE_MODES = ['query', 'form_post'] as const
export type ResponseMode = (typeof RESPONSE_MODES)[number]

/**
 * The response mode that is asked for, or `undefined` when it is none of ours or cannot reach its address: a form is posted
 * over HTTP alone, never to a private-use scheme. OAuth 2.0 Form Post Response Mode §2
 */
export function responseMode(text: string | undefined, redirectUri: string): ResponseMode | undefined {
  const asked = text === undefined ? 'query' : RESPONSE_MODES.find((mode) => mode === text)
  return asked === 'form_post' && !/^https?:/.test(redirectUri) ? undefined : asked
}
