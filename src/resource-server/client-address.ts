/** What a request tells about where it comes from. */
export interface Hops {
  /** The address at the other end of the socket; `undefined` where the platform does not tell. */
  readonly peer: string | undefined
  readonly forwardedFor: string | undefined
}

/**
 * The address that the outermost of so many trusted proxies saw. Each proxy appends its own peer to X-Forwarded-For, so
 * counting from the right passes over everything that the caller wrote there itself.
 * @returns `undefined` when fewer proxies wrote than are trusted: then the request came by another way
 */
export function clientAddress({ peer, forwardedFor }: Hops, trustedProxies: number): string | undefined {
  if (trustedProxies === 0) return peer
  return forwardedFor?.split(',').at(-trustedProxies)?.trim()
}
