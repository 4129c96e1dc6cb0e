import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../../deps.ts'
import { wrongHostPage } from '../../views/wrong-host.ts'
import { frameFor, sendPage } from '../context.ts'

/**
 * Shows, before anything else of a page, which value of the request contradicts the address of this listener: a wrong Host or proxy header
 * is what first deployments fail on, and cookies and forms would fail later without a word. design.md §2.1
 */
export const rightHost =
  ({ config }: Pick<Deps, 'config'>) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { host, protocol } = new URL(config.origin)
    const scheme = protocol.slice(0, -1)
    // `protocol` follows X-Forwarded-Proto only where the operator trusts a proxy; without one it says nothing about the browser.
    const isSchemeWrong = config.trustProxy !== false && config.trustProxy !== 0 && request.protocol !== scheme
    if (request.host === host && !isSchemeWrong) return
    const differences = [
      ...(request.host === host ? [] : [{ name: 'Host', configured: host, received: request.host }]),
      ...(isSchemeWrong ? [{ name: 'X-Forwarded-Proto', configured: scheme, received: request.protocol }] : []),
    ]
    const received = `${isSchemeWrong ? request.protocol : scheme}://${request.host}`
    const view = { configured: config.origin + config.basePath, received, differences }
    await sendPage(reply, wrongHostPage(view, frameFor({ config }, request)), { status: 421 })
  }
