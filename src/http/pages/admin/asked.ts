import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Refused } from '../../../administration/refused.ts'
import { parametersOf } from '../../../protocol/parameters.ts'
import { checkedForm } from '../../admin-api/read-call.ts'
import { queryPairs } from '../../parameters.ts'

/** How many rows a page of the console shows. */
export const ROWS = 50

/** Where a list goes on. */
export const cursorField = { cursor: z.string().max(4096).optional() }

/** What a list was asked: what is known to it, and not empty. @throws Refused for what it does not allow */
export function askedOf<Schema extends z.ZodObject>(request: FastifyRequest, schema: Schema): z.output<Schema> {
  const sent = parametersOf(queryPairs(request))
  return checkedForm(schema, given(Object.fromEntries(Object.keys(schema.shape).map((name) => [name, sent.get(name)]))))
}

/** The filters that were given, as an address has them. */
export const given = (filter: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(filter).filter((pair): pair is [string, string] => pair[1] !== undefined))

/** The entries of a box that takes one a line. */
export const linesOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** @throws Refused when something else was typed than what is to be deleted */
export function refuseUnlessTyped(typed: string | undefined, wanted: string): void {
  if (typed?.trim() === wanted) return
  throw new Refused('invalid_request', 'nothing was deleted', [
    { field: 'confirm', message: 'must be typed as it stands here' },
  ])
}
