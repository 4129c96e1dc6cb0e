import { z } from 'zod'
import { isId } from '../../base/random.ts'

// What operations share. Names on the wire are snake_case; every object is strict, so that a field that is not known is
// refused rather than ignored.

/** No control characters, for what people read. */
export const printable = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\p{Cc}]*$/u, { error: 'must not contain control characters' })

export const id = z.string().refine(isId, { error: 'must be a UUID' }).meta({ format: 'uuid' })
const instant = z.iso.datetime({ offset: true })

/** An instant to come, as a Date. */
export const instantIn = instant.transform((text) => new Date(text))

/** The instants of answers: JSON writes them as RFC 3339 has them. */
export const instantOut = z
  .union([z.date(), z.iso.datetime()])
  .meta({ override: { type: 'string', format: 'date-time' } })

/** What every list takes. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(4096).optional(),
}

/** What every list gives. */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next_cursor: z.string().optional() })
