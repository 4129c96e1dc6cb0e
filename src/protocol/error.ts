// protocol: the law. Pure functions and closed types, one file for one rule of a standard. Time comes in as a value;
// nothing here reads a store, a clock, a socket or a setting. What refuses throws one of the two errors below.

/** Every `error` this server can answer with, and the one HTTP status it carries at the back channel. */
const STATUS = {
  invalid_request: 400, // RFC 6749 §5.2
  invalid_client: 401, // RFC 6749 §5.2
  invalid_grant: 400, // RFC 6749 §5.2
  unauthorized_client: 400, // RFC 6749 §5.2
  unsupported_grant_type: 400, // RFC 6749 §5.2
  invalid_scope: 400, // RFC 6749 §5.2
  invalid_target: 400, // RFC 8707 §2
  unsupported_token_type: 400, // RFC 7009 §2.2.1
  invalid_token: 401, // RFC 6750 §3.1
  insufficient_scope: 403, // RFC 6750 §3.1
  insufficient_user_authentication: 401, // RFC 9470 §3
  access_denied: 403, // RFC 6749 §4.1.2.1
  unsupported_response_type: 400, // RFC 6749 §4.1.2.1
  login_required: 400, // OIDC Core §3.1.2.6
  interaction_required: 400, // OIDC Core §3.1.2.6
  consent_required: 400, // OIDC Core §3.1.2.6
  request_not_supported: 400, // OIDC Core §3.1.2.6
  request_uri_not_supported: 400, // OIDC Core §3.1.2.6
  slow_down: 429, // RFC 8628 §3.5, used for every limit of the back channel
  temporarily_unavailable: 503, // RFC 6749 §4.1.2.1
  server_error: 500, // RFC 6749 §4.1.2.1
} as const

export type OAuthErrorCode = keyof typeof STATUS

export interface OAuthErrorOptions {
  /** For our log only; the caller never sees it. */
  readonly cause?: unknown
  /** When the caller may try again, in seconds. */
  readonly retryAfterSeconds?: number
}

/**
 * A refusal that a client is told about. The description is a constant sentence for its developer: printable ASCII
 * without quotes or backslashes (RFC 6749 §5.2), nothing of the caller's, nothing of a library's.
 */
export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly code: OAuthErrorCode
  readonly retryAfterSeconds: number | undefined
  constructor(code: OAuthErrorCode, description: string, options: OAuthErrorOptions = {}) {
    super(description, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
  }
  get status(): number {
    return STATUS[this.code]
  }
}

/** What an error page can say, and its HTTP status. */
const PAGE_STATUS = {
  invalid_request: 400,
  unknown_client: 400,
  invalid_redirect_uri: 400,
  expired: 400,
  other_browser: 403,
  forgery: 403,
  forbidden: 403,
  link_used: 400,
  already_done: 400,
  sign_up_closed: 403,
  not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  too_many_requests: 429,
  wrong_host: 421,
  unavailable: 503,
  server_error: 500,
} as const

export type PageErrorCode = keyof typeof PAGE_STATUS

/** A refusal that the user is shown on our own page, because no client can be told: nothing has proved an address yet. */
export class PageError extends Error {
  override readonly name = 'PageError'
  readonly code: PageErrorCode
  readonly retryAfterSeconds: number | undefined
  readonly clientName: string | undefined
  constructor(code: PageErrorCode, options: OAuthErrorOptions & { readonly clientName?: string } = {}) {
    super(code, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
    this.clientName = options.clientName
  }
  get status(): number {
    return PAGE_STATUS[this.code]
  }
}
