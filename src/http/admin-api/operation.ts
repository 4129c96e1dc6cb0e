import type { z } from 'zod'
import type { AdministrationDeps, Administrator, Demand } from '../../administration/action.ts'
import type { Deps } from '../../deps.ts'

/** What an operation was asked, read and checked. */
export interface Call<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** The version that the caller has seen, from If-Match; `undefined` for `*`. */
  readonly version: string | undefined
}

export interface Answer {
  readonly body?: unknown
  /** Becomes the ETag. */
  readonly version?: string
  /** Where what was created is, below the API. */
  readonly location?: string
}

/** One operation of the admin API: its route, its rules, its document and its tests are all read off this. */
export interface Operation {
  /** As clients call it: `listUsers`. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the API: `/users/:id`. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  /** What it does, which says who may; absent where every administrator may. */
  readonly action?: Demand
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
  /** 204 has no body. */
  readonly status: 200 | 201 | 204
  readonly answer?: z.ZodType
  /** JSON unless told otherwise. Of lines, `answer` describes each. */
  readonly mediaType?: 'application/x-ndjson'
  /** Whether the answer has a version, which an update has to name. */
  readonly isVersioned?: boolean
  /** Whether it changes one version of something: If-Match is needed. RFC 9110 §13.1.1 */
  readonly needsVersion?: boolean
  /** Whether it creates something: an Idempotency-Key makes it safe to send again. */
  readonly isCreation?: boolean
  run(deps: Deps, actor: Administrator, call: Call<unknown, unknown, unknown>): Promise<Answer>
}

interface Definition<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodObject>
  extends Omit<Operation, 'params' | 'query' | 'body' | 'run'> {
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  run(
    deps: Deps & AdministrationDeps,
    actor: Administrator,
    call: Call<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): Promise<Answer>
}

/** Ties the types of what is read to what works with it. */
export const operation = <Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodObject>(
  definition: Definition<Params, Query, Body>,
): Operation => ({
  ...definition,
  // Read by the very schemas that give the types: nothing else calls it.
  run: (deps, actor, call) =>
    definition.run(deps, actor, call as Call<z.output<Params>, z.output<Query>, z.output<Body>>),
})
