import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { type FieldFault, Refused } from '../../administration/refused.ts'
import { queryPairs } from '../parameters.ts'
import type { Call, Operation } from './operation.ts'

/** What a body is that is no JSON. */
const NOT_JSON = Symbol('not json')

const JSON_TYPE = /^application\/json(?:; ?charset="?utf-8"?)?$/i

/** Reads a JSON body; anything else is told apart, and nothing is guessed. A NUL or half a character is no text that is stored. */
export function jsonBody(contentType: string | undefined, bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  if (!JSON_TYPE.test(contentType ?? '')) return NOT_JSON
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return JSON.parse(text, storable)
  } catch {
    return MALFORMED
  }
}

const MALFORMED = Symbol('malformed json')

/** PostgreSQL has neither a NUL nor half of a surrogate pair. @throws for a text with one */
function storable(key: string, value: unknown): unknown {
  for (const text of [key, value]) {
    if (typeof text === 'string' && (text.includes('\0') || !text.isWellFormed())) throw new Error('no text')
  }
  return value
}

/** Reads what an operation was asked by its own schemas: every fault at once, unknown fields among them. @throws Refused */
export function readCall(operation: Operation, request: FastifyRequest): Call<unknown, unknown, unknown> {
  const { body } = request
  if (body === NOT_JSON) throw new Refused('unsupported_media_type', 'the body must be application/json')
  if (body === MALFORMED) throw new Refused('invalid_request', 'the body is not JSON')
  if (body !== undefined && !operation.body) throw new Refused('invalid_request', 'this takes no body')
  const faults: FieldFault[] = []
  const params = checked(operation.params, request.params, faults)
  const query = checked(operation.query, queryOf(request, operation), faults)
  const parsed = operation.body && checked(operation.body, body ?? {}, faults)
  if (faults.length > 0) throw new Refused('invalid_request', 'some fields are missing, unknown or wrong', faults)
  return { params, query, body: parsed, version: operation.needsVersion ? versionFrom(request) : undefined }
}

function queryOf(request: FastifyRequest, { query }: Operation): Record<string, unknown> {
  const pairs = queryPairs(request)
  const names = pairs.map(([name]) => name)
  const faults = names
    .filter((name, index) => names.indexOf(name) !== index || query === undefined)
    .map((field) => ({ field, message: 'is unknown here, or stands here twice' }))
  if (faults.length > 0) throw new Refused('invalid_request', 'the query is not valid', faults)
  return Object.fromEntries(pairs)
}

function checked(schema: z.ZodObject | undefined, value: unknown, faults: FieldFault[]): unknown {
  if (!schema) return undefined
  const result = schema.safeParse(value)
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    const path = issue.path.map(String)
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) faults.push({ field: [...path, key].join('.'), message: 'is not known here' })
    } else faults.push({ field: path.join('.'), message: issue.message })
  }
  return undefined
}

/** What a form of the console sent, by the schema that the API has for it. @throws Refused with every fault */
export function checkedForm<Schema extends z.ZodObject>(schema: Schema, value: unknown): z.output<Schema> {
  const faults: FieldFault[] = []
  const output = checked(schema, value, faults)
  if (faults.length > 0) throw new Refused('invalid_request', 'some fields are missing or wrong', faults)
  return output as z.output<Schema> // what its schema has read
}

const ENTITY_TAG = /^"([\x21\x23-\x7e]{1,100})"$/

/** "A client … to prevent the lost update problem" names the version that it has seen. RFC 9110 §13.1.1 */
function versionFrom({ headers }: FastifyRequest): string | undefined {
  const given = headers['if-match']
  if (given === undefined) throw new Refused('version_required', 'say with If-Match which version you change, or *')
  if (given === '*') return undefined
  const [, version] = ENTITY_TAG.exec(given) ?? []
  if (version === undefined) throw new Refused('invalid_request', 'If-Match must be one strong entity tag, or *')
  return version
}
