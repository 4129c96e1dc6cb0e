/** What a protected resource publishes about itself, in the standard's words. RFC 9728 §2 */
export interface ResourceMetadata {
  /** The identifier of the resource: an https URL without a fragment (http on a loopback host). */
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly resource_name?: string
  readonly resource_documentation?: string
  readonly resource_policy_uri?: string
  readonly resource_tos_uri?: string
  readonly [extension: string]: unknown
}

export interface PublishedMetadata {
  /** Where to serve the document. */
  readonly path: string
  /** The same as a URL, for `resourceMetadata` of the guard's options. */
  readonly url: string
  /** What to serve, as JSON. */
  readonly document: ResourceMetadata
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/**
 * Completes the metadata document of a protected resource, and says where it belongs: the well-known part stands between host
 * and path. RFC 9728 §3.1
 * @throws TypeError for an identifier that the standard does not allow
 */
export function resourceMetadata(metadata: ResourceMetadata): PublishedMetadata {
  const { protocol, hostname, origin, pathname, search, hash } = new URL(metadata.resource)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))
  if (!isSafe || hash !== '' || metadata.resource.includes('#')) {
    throw new TypeError('a resource identifier is an https URL without a fragment')
  }
  const path = `${WELL_KNOWN}${pathname === '/' ? '' : pathname}${search}`
  // Ours are taken from the header alone. RFC 6750 §2, RFC 9700 §4.3.2
  return { path, url: `${origin}${path}`, document: { bearer_methods_supported: ['header'], ...metadata } }
}
