/** Every way in which the administration can refuse, with the HTTP status and the title of its problem document. RFC 9457 */
const REFUSALS = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  forbidden: { status: 403, title: 'You may not do this' },
  insufficient_user_authentication: { status: 401, title: 'A fresher sign-in is needed' }, // RFC 9470 §3
  not_found: { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'It contradicts what is stored' },
  last_administrator: { status: 409, title: 'The last administrator stays' },
  version_changed: { status: 412, title: 'Somebody else was quicker' }, // RFC 9110 §15.5.13
  unsupported_media_type: { status: 415, title: 'The body must be application/json' },
  idempotency_conflict: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  version_required: { status: 428, title: 'If-Match is missing' }, // RFC 6585 §3
  unavailable: { status: 503, title: 'The server cannot answer now' },
} as const

export type RefusalCode = keyof typeof REFUSALS

/** What is wrong with one field of what was sent. */
export interface FieldFault {
  /** As it was sent: `redirect_uris.0`. */
  readonly field: string
  readonly message: string
}

/** A refusal that an administrator is told about, by the API as a problem document and by the console on the page. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: RefusalCode
  readonly faults: readonly FieldFault[]
  /** @param detail a constant sentence for the administrator: no secret, nothing of a library's */
  constructor(code: RefusalCode, detail: string, faults: readonly FieldFault[] = []) {
    super(detail)
    this.code = code
    this.faults = faults
  }
  get status(): number {
    return REFUSALS[this.code].status
  }
  get title(): string {
    return REFUSALS[this.code].title
  }
}

/** The refusal of what is not there, or is not for the administrator to see. */
export const notFound = (what: string): Refused => new Refused('not_found', `there is no such ${what}`)
