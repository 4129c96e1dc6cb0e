import type { FastifyInstance } from 'fastify'
import type { Deps } from '../../deps.ts'

const CSP = [
  "default-src 'self'",
  "script-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
] as const

/** What no answer says otherwise. */
const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-xss-protection': '0', // the filter made holes; the policy below does what it was for
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
} as const

/** Sets what browsers are to enforce, on every route and status; an answer that said otherwise itself keeps its own word. */
export function securityHeaders(app: FastifyInstance, deps: Pick<Deps, 'config'>): void {
  const headers = Object.entries(safeHeaders(deps))
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of headers) if (!reply.hasHeader(name)) reply.header(name, value)
  })
}

/** The headers of an answer that says nothing else about itself. */
export const safeHeaders = ({ config }: Pick<Deps, 'config'>): Readonly<Record<string, string>> => ({
  ...ALWAYS,
  ...(config.isHttps ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } : {}),
  'content-security-policy': contentSecurityPolicy(),
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
})

/**
 * The policy of a page. Chromium holds the redirect after a form's post to form-action too, so the page of a transaction
 * names where its own redirect leads, and nothing else.
 */
export const contentSecurityPolicy = (formAction?: string): string =>
  [...CSP, `form-action 'self'${formAction === undefined ? '' : ` ${formAction}`}`].join('; ')

/** The source expression of a registered redirect URI: its origin, or its scheme where it has none. CSP Level 3 §2.3.1 */
export function sourceOf(redirectUri: string): string {
  const { protocol, origin } = new URL(redirectUri)
  return protocol === 'https:' || protocol === 'http:' ? origin : protocol
}
