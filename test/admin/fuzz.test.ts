// The admin API, driven by its own schemas: whatever is sent, the answer is one that the document knows, and it fits.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import type { Operation } from '../../src/http/admin-api/operation.ts'
import { OPERATIONS } from '../../src/http/admin-api/operations.ts'
import { type AdminCall, callWithSession, signInAsAdministrator } from '../support/administrator.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { fitting, hostile, NASTY, nearlyFitting, type Schema } from './arbitrary.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 12)
const LEAKS = /\bat .*\.ts:|syntax error|violates|relation "|column "|select |insert into|node_modules|pg_|Kysely/i

const problem = z.strictObject({
  type: z.string().startsWith('urn:postern:problem:'),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  request_id: z.string(),
  errors: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
})

const schemaOf = (schema: z.ZodType | undefined): Schema =>
  schema ? (z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema) : {}

suite('the admin API under a fuzzer of its own schemas', () => {
  let server: TestServer
  let call: AdminCall
  let known: readonly string[] = []
  before(async () => {
    server = await startServer(
      { CEILING_ADDRESS_PER_MINUTE: '1000000', LIMIT_AUTH_PER_MINUTE: '100000', LIMIT_DEFAULT_PER_HOUR: '1000000' },
      'PGlite',
    )
    const { browser } = await signInAsAdministrator(server)
    call = await callWithSession(server, browser)
    const people = await Promise.all([server.makeUser(), server.makeUser()])
    await server.registerResource({
      identifier: 'https://api.example/',
      name: '',
      scopes: { read: '' },
      introspectionClients: [],
    })
    const client = await server.register({})
    known = [...people.map(({ id }) => id), client.clientId, 'administrator', 'https://api.example/']
  })
  after(() => server.close())

  const parameter = () =>
    fc.oneof(
      fc.constantFrom(...known),
      fc.uuid(),
      fc.constantFrom(...NASTY),
      fc.string({ minLength: 1, maxLength: 60 }),
    )
  const pathOf = ({ path }: Operation, values: readonly string[]): string => {
    let at = 0
    return path.replaceAll(/:\w+/g, () => encodeURIComponent((values[at++] ?? 'x').toWellFormed()))
  }
  const queryOf = (query: unknown): string => {
    const pairs = Object.entries(query ?? {}).map(([name, value]): [string, string] => [
      name.toWellFormed(),
      (typeof value === 'string' ? value : String(JSON.stringify(value))).toWellFormed(),
    ])
    return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
  }

  /** Sends one call and holds the answer against the document. */
  async function judge(one: Operation, values: readonly string[], query: unknown, body: unknown): Promise<number> {
    const headers = one.needsVersion ? { 'if-match': '*' } : {}
    const answer = await call(one.method, pathOf(one, values) + queryOf(query), one.body ? body : undefined, headers)
    const told = `${one.method} ${pathOf(one, values)}${queryOf(query)} ${JSON.stringify(body)}: ${answer.statusCode} ${answer.body.slice(0, 500)}`
    assert.ok(answer.statusCode < 500, told)
    if (answer.statusCode < 300) {
      assert.equal(answer.statusCode, one.status, told)
      const isJson = String(answer.headers['content-type']).startsWith('application/json')
      if (one.answer && isJson) assert.equal(one.answer.safeParse(answer.json()).error, undefined, told)
      return answer.statusCode
    }
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/, told)
    const parsed = problem.safeParse(answer.json())
    assert.equal(parsed.error, undefined, told)
    assert.equal(parsed.data?.status, answer.statusCode, told)
    assert.doesNotMatch(answer.body, LEAKS, told)
    return answer.statusCode
  }

  for (const one of OPERATIONS) {
    test(`${one.id}: what fits is answered as the document says`, async () => {
      const values = fc.array(parameter(), { minLength: 3, maxLength: 3 })
      await fc.assert(
        fc.asyncProperty(
          values,
          fitting(schemaOf(one.query)),
          fitting(schemaOf(one.body)),
          async (path, query, body) => {
            await judge(one, path, one.query ? query : {}, body)
          },
        ),
        { numRuns: RUNS },
      )
    })

    test(`${one.id}: what does not fit is refused, and tells nothing (A145, A150)`, async () => {
      const values = fc.array(parameter(), { minLength: 3, maxLength: 3 })
      const query = fc.oneof(
        nearlyFitting(schemaOf(one.query)),
        fc.dictionary(fc.string({ minLength: 1 }), hostile, { maxKeys: 3 }),
      )
      await fc.assert(
        fc.asyncProperty(
          values,
          query,
          fc.oneof(nearlyFitting(schemaOf(one.body)), hostile),
          async (path, asked, body) => {
            await judge(one, path, asked, body)
          },
        ),
        { numRuns: RUNS },
      )
    })
  }
})
