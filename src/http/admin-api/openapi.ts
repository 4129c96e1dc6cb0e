import { z } from 'zod'
import type { Config } from '../../config/config.ts'
import { ADMIN_SCOPE } from '../../protocol/scope.ts'
import { ENDPOINTS } from '../../protocol/server-metadata.ts'
import type { Operation } from './operation.ts'

type Json = Readonly<Record<string, unknown>>

/** What the operations are about, in the order of the document. */
const TAGS = [
  { name: 'me', description: 'Who calls' },
  { name: 'users', description: 'People and what they hold' },
  { name: 'roles', description: 'What roles allow and demand' },
  { name: 'clients', description: 'Applications and their secrets' },
  { name: 'resources', description: 'APIs that tokens are for' },
  { name: 'sessions', description: 'Browsers that are signed in' },
  { name: 'families', description: 'What users have granted to clients' },
  { name: 'keys', description: 'Keys that sign tokens' },
  { name: 'audit', description: 'What happened' },
  { name: 'deliveries', description: 'Mails and logout tokens on their way' },
  { name: 'statistics', description: 'Numbers for the dashboard' },
]

const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  request_id: z.string(),
  errors: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
})

/**
 * The OpenAPI 3.1 document of the admin API, from the very schemas that check what is sent: it cannot say anything else
 * than what is served.
 */
export function openApiDocument(
  { issuer, origin, basePath, admin }: Pick<Config, 'issuer' | 'origin' | 'basePath' | 'admin'>,
  operations: readonly Operation[],
): Json {
  const schemas: Record<string, unknown> = { Problem: schemaOf(problem, 'output', {}) }
  const paths: Record<string, Record<string, unknown>> = {}
  for (const one of operations) {
    const path = one.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: described(one, schemas) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Postern admin API',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Users, roles, clients, resources, sessions, keys and the audit log. Errors are problem documents (RFC 9457).',
    },
    servers: [{ url: `${admin?.origin ?? origin}${basePath}/admin/api/v1` }],
    tags: TAGS.filter(({ name }) => operations.some(({ tag }) => tag === name)),
    security: [{ bearer: [ADMIN_SCOPE] }, { session: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: {
          type: 'oauth2',
          flows: {
            authorizationCode: {
              authorizationUrl: issuer + ENDPOINTS.authorization_endpoint,
              tokenUrl: issuer + ENDPOINTS.token_endpoint,
              scopes: { [ADMIN_SCOPE]: 'Administer this server, as far as your permissions go' },
            },
          },
        },
        session: { type: 'apiKey', in: 'cookie', name: 'session', description: 'The session of the console' },
      },
    },
  }
}

function described(one: Operation, schemas: Record<string, unknown>): Json {
  const { permission, needsFreshSignIn } = one.action ?? {}
  const needs = permission === undefined ? 'Every administrator may.' : `Needs the permission \`${permission}\`.`
  const fresh = needsFreshSignIn ? ' Needs a sign-in of the last five minutes.' : ''
  return {
    operationId: one.id,
    tags: [one.tag],
    summary: one.summary,
    description: needs + fresh,
    ...(permission === undefined ? {} : { 'x-permission': permission }),
    parameters: parametersOf(one, schemas),
    ...(one.body ? { requestBody: { required: true, content: content(schemaOf(one.body, 'input', schemas)) } } : {}),
    responses: {
      [one.status]: {
        description: one.status === 204 ? 'It is done.' : 'What was asked.',
        ...(one.isVersioned ? { headers: { ETag: { schema: { type: 'string' } } } } : {}),
        ...(one.answer ? { content: content(schemaOf(one.answer, 'output', schemas), one.mediaType) } : {}),
      },
      ...Object.fromEntries(refusalsOf(one).map(([status, description]) => [status, problemAnswer(description)])),
      default: problemAnswer('Something else went wrong.'),
    },
  }
}

const problemAnswer = (description: string): Json => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

/** The refusals that an operation knows. */
function refusalsOf({
  action,
  method,
  params,
  needsVersion,
  isCreation,
}: Operation): readonly (readonly [number, string])[] {
  const isChange = method !== 'GET'
  return [
    [400, 'Fields are missing, unknown or wrong.'],
    [
      401,
      action?.needsFreshSignIn ? 'No good token, or the sign-in is too old.' : 'No good token, or no second factor.',
    ],
    [403, 'The permission is missing, or it does not reach so far.'],
    ...(params ? [[404, 'There is no such thing.'] as const] : []),
    ...(isChange ? [[409, 'It contradicts what is stored.'] as const] : []),
    ...(needsVersion ? [[412, 'Somebody else was quicker.'] as const] : []),
    ...(isCreation ? [[422, 'The Idempotency-Key belongs to another request.'] as const] : []),
    ...(needsVersion ? [[428, 'If-Match is missing.'] as const] : []),
  ]
}

const content = (schema: unknown, mediaType = 'application/json'): Json => ({ [mediaType]: { schema } })

function parametersOf(one: Operation, schemas: Record<string, unknown>): readonly Json[] {
  const from = (place: 'path' | 'query', schema: z.ZodObject | undefined) =>
    Object.entries(schema?.shape ?? {}).map(([name, part]) => ({
      name,
      in: place,
      required: place === 'path' || !z.safeParse(part, undefined).success,
      schema: schemaOf(part, 'input', schemas),
    }))
  const header = (name: string, required: boolean, description: string) => ({
    name,
    in: 'header',
    required,
    description,
    schema: { type: 'string' },
  })
  return [
    ...from('path', one.params),
    ...from('query', one.query),
    ...(one.needsVersion ? [header('If-Match', true, 'The ETag of the version that is changed, or *')] : []),
    ...(one.isCreation ? [header('Idempotency-Key', false, 'The same key is answered alike for a day')] : []),
  ]
}

/** A schema as JSON Schema 2020-12; what has a name goes to the components once, and is referred to. */
function schemaOf(schema: z.core.$ZodType, io: 'input' | 'output', schemas: Record<string, unknown>): unknown {
  const { $schema, $defs, ...whole } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      const { override, ...rest } = jsonSchema
      if (override === undefined) return
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key]
      Object.assign(jsonSchema, rest.id === undefined ? override : { ...rest, ...override })
    },
  })
  for (const [name, one] of Object.entries($defs ?? {})) schemas[name] = relocated(one)
  if (typeof whole.id === 'string') {
    const { id, ...named } = whole
    schemas[id] = relocated(named)
    return { $ref: `#/components/schemas/${id}` }
  }
  return relocated(whole)
}

const relocated = (schema: unknown): unknown =>
  JSON.parse(
    JSON.stringify(schema)
      .replaceAll('"#/$defs/', '"#/components/schemas/')
      .replace(/"id":"[A-Za-z]+",?/g, ''),
  )
