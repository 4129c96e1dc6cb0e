import type { Client } from '../protocol/client.ts'
import { originsOf } from '../protocol/redirect-uri.ts'

type Metadata = Readonly<Record<string, unknown>>
/** Of the two forms of a client, stored and declared, what both have. */
type Described = Omit<Client, 'secrets' | 'tokensValidFrom' | 'disabledAt'> & { readonly disabled: boolean }

/** What a client may do, by the names that the file, the command line and RFC 7591 §2 have for it. Holds no secret. */
export const metadataOf = (client: Described): Metadata =>
  Object.fromEntries(
    Object.entries(client).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
      name === 'scope' ? client.scope.join(' ') : value,
    ]),
  )

/** The same of a client as it is stored. */
export function storedMetadata(client: Client): Metadata {
  const { secrets: _, tokensValidFrom: __, disabledAt, ...policy } = client
  return metadataOf({ ...policy, disabled: disabledAt !== undefined })
}

/**
 * The same, to be changed and judged again as a whole: what follows from another field is left out where it was not chosen,
 * so that it goes on following.
 */
export function metadataToChange(client: Client): Metadata {
  const { allowed_origins: origins, ...metadata } = storedMetadata(client)
  const isDerived = String(originsOf(client.redirectUris)) === String(client.allowedOrigins)
  return isDerived ? metadata : { ...metadata, allowed_origins: origins }
}
