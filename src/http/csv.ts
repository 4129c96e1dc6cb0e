import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { inertCell } from '../base/inert-cell.ts'

/** A column of an export: its name, and what stands in it. */
export interface CsvColumn<Row> {
  readonly name: string
  cell(row: Row): string | number | boolean | Date | null | undefined | readonly string[]
}

/** Where a list goes on after a row, and how many rows are asked for at once. */
type ReadRows<Row> = (after: Row | undefined, limit: number) => Promise<readonly Row[]>

const ROWS_AT_ONCE = 500

/** Sends a whole list as a file, page by page as it is taken. RFC 4180. A cell that a spreadsheet would take for a formula is neutralised. */
export async function sendCsv<Row>(
  reply: FastifyReply,
  name: string,
  columns: readonly CsvColumn<Row>[],
  read: ReadRows<Row>,
): Promise<void> {
  const first = await read(undefined, ROWS_AT_ONCE) // before anything is sent, so that a refusal can still be one
  await reply
    .type('text/csv; charset=utf-8; header=present')
    .header('content-disposition', `attachment; filename="${name}.csv"`)
    .send(Readable.from(lines(columns, first, read)))
}

async function* lines<Row>(
  columns: readonly CsvColumn<Row>[],
  first: readonly Row[],
  read: ReadRows<Row>,
): AsyncGenerator<string> {
  yield csvLine(columns.map(({ name }) => name))
  for (let rows = first; ; rows = await read(rows.at(-1), ROWS_AT_ONCE)) {
    yield rows.map((row) => csvLine(columns.map(({ cell }) => textOf(cell(row))))).join('')
    if (rows.length < ROWS_AT_ONCE) return
  }
}

type Cell = ReturnType<CsvColumn<never>['cell']>

function textOf(value: Cell): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? value.join(' ') : String(value)
}

/** One line of cells. RFC 4180 */
const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`

function csvCell(text: string): string {
  const harmless = inertCell(text)
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
