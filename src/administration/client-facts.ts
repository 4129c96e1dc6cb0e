import type { Client } from '../protocol/client.ts'
import { clientMetadata } from '../protocol/client-metadata.ts'
import { originsOf } from '../protocol/redirect-uri.ts'

type Metadata = Readonly<Record<string, unknown>>
/** Of the two forms of a client, stored and declared, what both have. */
type Described = Omit<Client, 'secrets' | 'tokensValidFrom' | 'disabledAt'> & { readonly disabled: boolean }

/** What a client may do, by the names that the file, the command line and RFC 7591 §2 have for it. Holds no secret. */
export const metadataOf = (client: Described): Metadata =>
  Object.fromEntries(
    Object.entries(client)
      .map(([name, value]): [string, unknown] => [
        name.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
        name === 'scope' ? client.scope.join(' ') : value,
      ])
      .filter(([name]) => Object.hasOwn(clientMetadata.in.shape, name)),
  )

/** The same of a client as it is stored. */
export const storedMetadata = (client: Client): Metadata =>
  metadataOf({ ...client, disabled: client.disabledAt !== undefined })

/**
 * The same, to be changed and judged again as a whole: what follows from another field is left out where it was not chosen,
 * so that it goes on following.
 */
export function metadataToChange(client: Client): Metadata {
  const { allowed_origins: origins, ...metadata } = storedMetadata(client)
  const isDerived = String(originsOf(client.redirectUris)) === String(client.allowedOrigins)
  return isDerived ? metadata : { ...metadata, allowed_origins: origins }
}
