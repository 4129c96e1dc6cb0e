import type { Client } from '../protocol/client.ts'
import { isLoopbackUri } from '../protocol/redirect-uri.ts'
import { ADMIN_SCOPE } from '../protocol/scope.ts'

type Judged = Omit<Client, 'secrets' | 'tokensValidFrom' | 'disabledAt'>

const HOUR = 3600
/** More than these are seldom the pages of one app. */
const MOST_REDIRECTS = 10

/** What a client is allowed that the standards advise against, or that deserves a second look, in sentences. RFC 9700 */
export const clientWarnings = (client: Judged): readonly string[] => [
  ...codeWarnings(client),
  ...redirectWarnings(client),
  ...lifetimeWarnings(client),
  ...reachWarnings(client),
]

function* codeWarnings({ grantTypes, requirePkce, firstParty, scope }: Judged): Generator<string> {
  if (!grantTypes.includes('authorization_code')) return
  if (!requirePkce) yield 'PKCE may be left out: a stolen code can be used by another instance of this client.'
  if (firstParty) yield 'Users are not asked for consent: only for apps of your own.'
  if (firstParty && scope.includes('offline_access')) {
    yield 'Without being asked, users give access that outlives their sign-out.'
  }
}

function* redirectWarnings({ redirectUris, tokenEndpointAuthMethod }: Judged): Generator<string> {
  const isPrivate = (uri: string) => !/^https?:/.test(uri)
  if (redirectUris.some(isLoopbackUri)) {
    yield 'A loopback redirect URI takes any port: whatever runs on the user’s machine can listen there.'
  }
  if (redirectUris.some(isPrivate)) {
    yield 'A private-use scheme can be claimed by another app of the device: prefer https links that the app owns.'
  }
  if (redirectUris.some((uri) => URL.canParse(uri) && !isPrivate(uri) && new URL(uri).pathname === '/')) {
    yield 'A redirect URI is the root of its site: a page of its own keeps codes away from the rest of it.'
  }
  if (redirectUris.length > MOST_REDIRECTS) {
    yield `There are ${redirectUris.length} redirect URIs: each is a way for codes to get lost. Make a client for each app.`
  }
  if (tokenEndpointAuthMethod === 'client_secret_post') {
    yield 'The secret travels in the body, where it is logged more easily: prefer client_secret_basic.'
  }
}

function* lifetimeWarnings(client: Judged): Generator<string> {
  const { accessTokenLifetimeSeconds = 0, refreshRetrySeconds = 0, refreshRotation, grantTypes } = client
  if (accessTokenLifetimeSeconds > HOUR) {
    yield 'Access tokens live for more than an hour: APIs that only check signatures take a revoked one for as long.'
  }
  if (!grantTypes.includes('refresh_token')) return
  if (!refreshRotation) yield 'One refresh token serves the whole grant: when it is stolen, nobody notices.'
  if (refreshRetrySeconds > 60) {
    yield 'A used refresh token may be sent again for more than a minute: a thief has as long.'
  }
}

function* reachWarnings({ scope, allowedOrigins, redirectUris, tokenEndpointAuthMethod }: Judged): Generator<string> {
  if (scope.includes(ADMIN_SCOPE)) yield 'It opens the admin API, as far as the permissions of its users go.'
  if (tokenEndpointAuthMethod !== 'none' && redirectUris.length === 0 && allowedOrigins.length > 0) {
    yield 'Scripts of a browser may call with a secret: nothing in a browser stays secret.'
  }
}
