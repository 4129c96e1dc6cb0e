import type { Client } from '../../src/protocol/client.ts'
import { type ClientMetadata, clientMetadata } from '../../src/protocol/client-metadata.ts'

/** A client as the store gives it, from the metadata that an operator would write: a public one of one redirect URI unless told otherwise. */
export const clientOf = (metadata: Partial<ClientMetadata> = {}): Client => ({
  ...clientMetadata.parse({ client_id: 'acme', redirect_uris: ['https://app.example/cb'], ...metadata }),
  tokensValidFrom: undefined,
  disabledAt: undefined,
  secrets: [],
})
