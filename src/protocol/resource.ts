import type { Client, Resource } from './client.ts'
import { OAuthError } from './error.ts'
import { resourcesOf } from './scope.ts'

const MOST_RESOURCES = 10

/** "an absolute URI … MUST NOT include a fragment component". RFC 8707 §2 */
export const isResourceIdentifier = (text: string): boolean =>
  text.length <= 2048 && !text.includes('#') && URL.canParse(text) && /^[\x21-\x7e]+$/.test(text)

/**
 * The resources of an authorization request: those it names, else the one whose scopes it asks for, else none, which
 * means this server itself. RFC 8707 §2
 */
export function requestedResources(
  client: Client,
  asked: readonly string[],
  scope: readonly string[],
  known: readonly Resource[],
): readonly string[] {
  if (asked.length === 0) return resourcesOf(scope, allowed(client, known)).map((resource) => resource.identifier)
  const distinct = [...new Set(asked)]
  if (distinct.length > MOST_RESOURCES || !distinct.every((identifier) => mayUse(client, identifier, known))) {
    throw new OAuthError('invalid_target', 'a resource is unknown or not allowed for this client')
  }
  return distinct
}

/**
 * The one resource that a token is for: `undefined` means this server. RFC 8707 §2.2
 * A grant for several resources gives a token for one of them, which the request then has to name.
 */
export function targetResource(granted: readonly string[], asked: readonly string[]): string | undefined {
  if (asked.length > 1) throw new OAuthError('invalid_target', 'a token is for one resource: name one')
  const [wanted] = asked
  if (wanted === undefined) {
    if (granted.length > 1) throw new OAuthError('invalid_target', 'the grant has several resources: name one')
    return granted[0]
  }
  if (!granted.includes(wanted)) throw new OAuthError('invalid_target', 'the resource is not part of the grant')
  return wanted
}

const mayUse = (client: Client, identifier: string, known: readonly Resource[]): boolean =>
  isResourceIdentifier(identifier) && allowed(client, known).some((resource) => resource.identifier === identifier)

const allowed = (client: Client, known: readonly Resource[]): readonly Resource[] =>
  known.filter((resource) => client.resources.includes(resource.identifier))
