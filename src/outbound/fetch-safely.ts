// outbound: every call that this server makes to another goes through here, since others choose the URLs (client
// metadata, key sets, logout addresses). A URL says nothing about where it leads, so the address is judged when the
// connection is made, and no answer may send us on.

import { lookup as systemLookup } from 'node:dns/promises'
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isPublicAddress } from './public-address.ts'

/** Why a call gave no answer that may be used. */
export type OutboundFailure =
  | 'forbidden_url' // not https, or with a user name
  | 'forbidden_address' // leads to an address that is not public
  | 'unreachable' // name, connection, TLS or protocol failed
  | 'timed_out'
  | 'redirected'
  | 'compressed' // though we asked for plain bytes: a small body could unpack to a huge one
  | 'too_large'

export class OutboundError extends Error {
  readonly failure: OutboundFailure
  constructor(failure: OutboundFailure, options?: ErrorOptions) {
    super(`outbound call failed: ${failure}`, options)
    this.name = 'OutboundError'
    this.failure = failure
  }
}

export interface OutboundRequest {
  /** The most bytes of body that are read. */
  readonly maxBytes: number
  /** For all of it: name, connection, answer and body. */
  readonly timeoutMs: number
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Any status but a redirect. Neither the status nor the content type has been judged. */
export interface OutboundResponse {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface Outbound {
  fetch(url: string, request: OutboundRequest): Promise<OutboundResponse>
}

interface Address {
  readonly address: string
  readonly family: number
}
interface OutboundOptions {
  /** `host:port` in lower case: may be private, and may speak plain http. */
  readonly allow: readonly string[]
  readonly lookup?: (hostname: string) => Promise<readonly Address[]>
}

/**
 * Opens the one door out: https to public addresses, no redirect, no proxy, capped in bytes and time. ASVS 1.3.6, 13.2.5
 * @throws OutboundError from `fetch`, for everything that goes wrong
 */
export function createOutbound({ allow, lookup = lookupAll }: OutboundOptions): Outbound {
  // No connection is kept: one that was made for an allowed host must not serve another by the same name.
  const agents = { 'http:': new HttpAgent({ keepAlive: false }), 'https:': new HttpsAgent({ keepAlive: false }) }
  const publicOnly = lookupPublic(lookup)
  const anyAddress = lookupWith(lookup)

  return {
    async fetch(text, { maxBytes, timeoutMs, method = 'GET', headers = {}, body }) {
      if (!URL.canParse(text)) throw new OutboundError('forbidden_url')
      const url = new URL(text)
      if (url.username !== '' || url.password !== '') throw new OutboundError('forbidden_url')
      const isAllowed = allow.includes(`${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`)
      const isHttp = url.protocol === 'http:' && isAllowed
      if (!isHttp && url.protocol !== 'https:') throw new OutboundError('forbidden_url')

      // Node looks no literal address up, so that one is judged here.
      const literal = url.hostname.replace(/^\[|\]$/g, '')
      if (!isAllowed && isIP(literal) !== 0 && !isPublicAddress(literal)) throw new OutboundError('forbidden_address')

      const signal = AbortSignal.timeout(timeoutMs)
      const request = (isHttp ? httpRequest : httpsRequest)(url, {
        method,
        headers: { ...headers, 'accept-encoding': 'identity', connection: 'close' },
        agent: agents[isHttp ? 'http:' : 'https:'],
        lookup: isAllowed ? anyAddress : publicOnly,
        signal,
      })
      try {
        const response = await answerTo(request.end(body))
        return { status: response.statusCode ?? 0, headers: response.headers, body: await readBody(response, maxBytes) }
      } catch (cause) {
        if (cause instanceof OutboundError) throw cause
        throw new OutboundError(signal.aborted ? 'timed_out' : 'unreachable', { cause })
      } finally {
        request.destroy()
      }
    },
  }
}

const answerTo = (request: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request.once('response', resolve)
    // Stays for the life of the request: what is thrown while the body is read is thrown by the body too.
    request.on('error', reject)
  })

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { statusCode = 0, headers } = response
  if (statusCode >= 300 && statusCode < 400) throw new OutboundError('redirected')
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw new OutboundError('compressed')
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw new OutboundError('too_large')
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    length += chunk.length
    if (length > maxBytes) throw new OutboundError('too_large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const lookupAll = (hostname: string): Promise<readonly Address[]> => systemLookup(hostname, { all: true })

/** Gives Node the addresses it will connect to, the very ones that were judged: a name cannot change in between. */
const lookupWith =
  (lookup: (hostname: string) => Promise<readonly Address[]>): LookupFunction =>
  (hostname, options, done) => {
    lookup(hostname).then(
      (found) => {
        const [first] = found
        if (!first) return done(new OutboundError('unreachable'), [])
        return options.all ? done(null, [...found]) : done(null, first.address, first.family)
      },
      (cause) => done(cause, []),
    )
  }

/** A name with one address that is not public is refused whole: which of them Node would try is not ours to choose. */
const lookupPublic = (lookup: (hostname: string) => Promise<readonly Address[]>): LookupFunction =>
  lookupWith(async (hostname) => {
    const found = await lookup(hostname)
    if (!found.every(({ address }) => isPublicAddress(address))) throw new OutboundError('forbidden_address')
    return found
  })
