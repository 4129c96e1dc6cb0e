import type { Client } from '../protocol/client.ts'

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
export const storedMetadata = ({ secrets: _, tokensValidFrom: __, disabledAt, ...client }: Client): Metadata =>
  metadataOf({ ...client, disabled: disabledAt !== undefined })
