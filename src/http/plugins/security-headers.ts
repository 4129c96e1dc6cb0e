import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Deps } from '../../deps.ts'

const CSP = [
  "default-src 'self'",
  "script-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
] as const

/** The headers of every answer, whatever its status. */
const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-xss-protection': '0', // the filter made holes; the policy below does what it was for
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
} as const

/** Sets what browsers are to enforce, on every route and status; an answer that said otherwise itself keeps its own word. */
export function securityHeaders(app: FastifyInstance, { config }: Pick<Deps, 'config'>): void {
  const policy = contentSecurityPolicy()
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(ALWAYS)) reply.header(name, value)
    if (config.isHttps) reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains')
    setUnlessSet(reply, 'content-security-policy', policy)
    setUnlessSet(reply, 'referrer-policy', 'no-referrer')
    setUnlessSet(reply, 'cache-control', 'no-store')
    setUnlessSet(reply, 'cross-origin-resource-policy', 'same-origin')
  })
}

function setUnlessSet(reply: FastifyReply, name: string, value: string): void {
  if (reply.getHeader(name) === undefined) reply.header(name, value)
}

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
