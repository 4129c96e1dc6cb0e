/** How strongly the user was authenticated: by a password, or by a second factor too. OIDC Core §2 */
export const ACR_VALUES = ['urn:postern:pwd', 'urn:postern:mfa'] as const

/** When and how a user was authenticated. `amr` as RFC 8176 names the methods. */
export interface AuthenticationEvent {
  readonly authTime: Date
  readonly acr: string
  readonly amr: readonly string[]
}
