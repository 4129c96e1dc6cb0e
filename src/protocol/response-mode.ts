export const RESPONSE_MODES = ['query', 'form_post'] as const
export type ResponseMode = (typeof RESPONSE_MODES)[number]

/** The response mode that is asked for, or `undefined` when it is none of ours. OAuth 2.0 Form Post Response Mode §2 */
export function responseMode(text: string | undefined): ResponseMode | undefined {
  return text === undefined ? 'query' : RESPONSE_MODES.find((mode) => mode === text)
}
