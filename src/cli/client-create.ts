import { metadataOf, metadataToChange } from '../administration/client-facts.ts'
import { clientFaults, scopesOf } from '../administration/client-faults.ts'
import { digestOf } from '../base/digest.ts'
import { newId, newToken } from '../base/random.ts'
import type { Deps } from '../deps.ts'
import type { Client } from '../protocol/client.ts'
import { findClient } from './client.ts'
import type { Command, CommandResult, Given, Options } from './command.ts'
import { declaredClient } from './declaration.ts'
import { planClient } from './plan-changes.ts'
import { inWords } from './read-declaration.ts'
import { Refusal, UsageError } from './refusal.ts'

const METHOD = { public: 'none', confidential: 'client_secret_basic' } as const

/** Options that are a metadata name with dashes, in the singular where there may be several. */
const METADATA: Readonly<Record<string, Options[string] & { readonly field: string; readonly isNumber?: true }>> = {
  name: { field: 'client_name', type: 'string', meaning: 'What users are shown.' },
  'auth-method': {
    field: 'token_endpoint_auth_method',
    type: 'string',
    value: 'METHOD',
    meaning: 'none, client_secret_basic or client_secret_post; more exact than --type.',
  },
  'redirect-uri': {
    field: 'redirect_uris',
    type: 'string',
    multiple: true,
    value: 'URI',
    meaning: 'Where users come back to.',
  },
  'post-logout-redirect-uri': {
    field: 'post_logout_redirect_uris',
    type: 'string',
    multiple: true,
    value: 'URI',
    meaning: 'Where users come back to after signing out.',
  },
  'backchannel-logout-uri': {
    field: 'backchannel_logout_uri',
    type: 'string',
    value: 'URI',
    meaning: 'Where it is told that a session has ended.',
  },
  'backchannel-logout-session-required': {
    field: 'backchannel_logout_session_required',
    type: 'boolean',
    meaning: 'It must be told which one; it always is.',
  },
  'allowed-origin': {
    field: 'allowed_origins',
    type: 'string',
    multiple: true,
    value: 'ORIGIN',
    meaning: 'Whose scripts may call (CORS). Default: the origins of the redirect URIs.',
  },
  'grant-type': {
    field: 'grant_types',
    type: 'string',
    multiple: true,
    value: 'TYPE',
    meaning: 'authorization_code, refresh_token, client_credentials.',
  },
  scope: { field: 'scope', type: 'string', value: '"A B"', meaning: 'What it may ask for.' },
  resource: {
    field: 'resources',
    type: 'string',
    multiple: true,
    value: 'URI',
    meaning: 'An API that it may ask tokens for.',
  },
  contact: { field: 'contacts', type: 'string', multiple: true, meaning: 'Who is responsible for it.' },
  'client-uri': { field: 'client_uri', type: 'string', value: 'URL', meaning: 'Its home page.' },
  'logo-uri': { field: 'logo_uri', type: 'string', value: 'URL', meaning: 'Its logo.' },
  'policy-uri': { field: 'policy_uri', type: 'string', value: 'URL', meaning: 'Its privacy policy.' },
  'tos-uri': { field: 'tos_uri', type: 'string', value: 'URL', meaning: 'Its terms of service.' },
  'first-party': { field: 'first_party', type: 'boolean', meaning: 'Users are not asked for consent.' },
  'require-pkce': {
    field: 'require_pkce',
    type: 'boolean',
    meaning: 'On by default; --no-require-pkce for a confidential client only.',
  },
  'require-mfa': { field: 'require_mfa', type: 'boolean', meaning: 'Its users need a second factor.' },
  'allowed-network': {
    field: 'allowed_networks',
    type: 'string',
    multiple: true,
    value: 'CIDR',
    meaning: 'From where its users may come. Default: anywhere.',
  },
  'require-compliant-device': {
    field: 'require_compliant_device',
    type: 'boolean',
    meaning: 'Only from a device that is known to be compliant.',
  },
  'refresh-rotation': { field: 'refresh_rotation', type: 'boolean', meaning: 'On by default.' },
  'access-token-lifetime-seconds': seconds('access_token_lifetime_seconds', 'The life of its access tokens.'),
  'refresh-token-lifetime-seconds': seconds('refresh_token_lifetime_seconds', 'How long after sign-in it may refresh.'),
  'refresh-token-idle-seconds': seconds('refresh_token_idle_seconds', 'Unused for so long, a refresh token ends.'),
  'refresh-retry-seconds': seconds('refresh_retry_seconds', 'How long a lost answer may be asked for again.'),
}

function seconds(field: string, meaning: string) {
  return { field, type: 'string', value: 'SECONDS', isNumber: true, meaning } as const
}

const OPTIONS: Options = {
  type: { type: 'string', value: 'TYPE', meaning: 'public (cannot keep a secret) or confidential.' },
  ...METADATA,
}

export const clientChangeCommands: readonly Command[] = [
  {
    name: 'client create',
    summary: 'Create a client. A confidential one gets a secret, printed once.',
    options: {
      id: { type: 'string', value: 'ID', meaning: 'Its client_id; made up where it is left out.' },
      ...OPTIONS,
    },
    async run(context, given) {
      const deps = await context.deps()
      const clientId = given.text('id') ?? newId(deps.random, deps.clock.now())
      if (await deps.store.clients.find(clientId)) throw new Refusal('there is a client of this id: see client update')
      const metadata = { token_endpoint_auth_method: 'none', ...metadataFrom(given), client_id: clientId }
      const isMachine =
        metadata.token_endpoint_auth_method !== 'none' && !('redirect_uris' in metadata) && !('grant_types' in metadata)
      // Without an address to come back to, a confidential client can only act for itself.
      return await put(deps, isMachine ? { ...metadata, grant_types: ['client_credentials'] } : metadata, undefined)
    },
  },
  {
    name: 'client update',
    summary: 'Change what a client may do. What is not named stays.',
    words: ['ID'],
    options: OPTIONS,
    async run(context, given) {
      const deps = await context.deps()
      const stored = await findClient(deps.store, given.word(0))
      return await put(deps, { ...metadataToChange(stored), ...metadataFrom(given) }, stored)
    },
  },
]

function metadataFrom(given: Given): Readonly<Record<string, unknown>> {
  const values = Object.entries(METADATA).map(([option, { field, type, multiple, isNumber }]) => {
    if (type === 'boolean') return [field, given.flag(option)]
    if (multiple) return [field, given.texts(option)]
    const text = given.text(option)
    return [field, isNumber && text !== undefined ? Number(text) : text]
  })
  const type = given.text('type')
  if (type !== undefined && type !== 'public' && type !== 'confidential') {
    throw new UsageError('--type is public or confidential')
  }
  const method = type === undefined ? {} : { token_endpoint_auth_method: METHOD[type] }
  return { ...method, ...Object.fromEntries(values.filter(([, value]) => value !== undefined)) }
}

/** Judges the whole client as the file would, stores it, and gives a new confidential one its secret. */
async function put(
  deps: Deps,
  metadata: Readonly<Record<string, unknown>>,
  stored: Client | undefined,
): Promise<CommandResult> {
  const known = Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined))
  const parsed = declaredClient.safeParse(known, { error: inWords })
  const resources = await deps.store.resources.list()
  const faults = parsed.success
    ? clientFaults(parsed.data.policy, scopesOf(resources)).map(({ field, message }) => `${field}: ${message}`)
    : parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`)
  if (!parsed.success || faults.length > 0) throw new Refusal(`the client is refused:\n  ${faults.join('\n  ')}`)

  const { policy } = parsed.data
  const isConfidential = policy.tokenEndpointAuthMethod !== 'none'
  const secret = isConfidential && (stored?.secrets.length ?? 0) === 0 ? newToken(deps.random, 'cs_') : undefined
  const change = planClient(
    deps,
    { ...parsed.data, secret: secret === undefined ? undefined : digestOf(secret) },
    stored,
  )
  if (change.action !== 'unchanged') await change.apply()
  const done = { create: 'Created', update: 'Updated', unchanged: 'Nothing to change in' }[change.action]
  return {
    text: [
      `${done} client ${policy.clientId}.`,
      ...(secret === undefined ? [] : [`client_secret (shown once): ${secret}`]),
    ].join('\n'),
    json: { action: change.action, ...metadataOf(policy), ...(secret === undefined ? {} : { client_secret: secret }) },
  }
}
