import { inertCell } from '../base/inert-cell.ts'
import type { AuditedEvent } from '../store/audit-trail.ts'
import type { Store } from '../store/index.ts'
import { inert } from '../telemetry/log.ts'
import type { Command } from './command.ts'
import { UsageError } from './refusal.ts'

const PAGE = 1000

const NAMES = [
  'id',
  'at',
  'type',
  'outcome',
  'actor',
  'user_id',
  'client_id',
  'session_id',
  'family_id',
  'request_id',
  'reason',
  'detail',
  'address',
  'user_agent',
  'personal',
] as const

/** One line an event, whatever stands in its fields; read as JSON, they are as they were. */
const jsonLine = (event: AuditedEvent): string => inert(JSON.stringify(event))

/** RFC 4180, every cell in quotes. */
function csvCell(value: unknown): string {
  const text = value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  const line = inert(text.replace(/\p{Cc}/gu, ' '))
  return `"${inertCell(line).replaceAll('"', '""')}"`
}

const csvLine = (event: AuditedEvent): string => NAMES.map((name) => csvCell(event[name])).join(',')

async function* eventsOf(store: Pick<Store, 'auditTrail'>): AsyncGenerator<AuditedEvent> {
  for (let last: string | undefined; ; ) {
    const page = await store.auditTrail.after(last, PAGE)
    yield* page
    last = page.at(-1)?.id
    if (page.length < PAGE) return
  }
}

export const auditExportCommand: Command = {
  name: 'audit export',
  summary: 'Print every audit event, oldest first, one a line.',
  options: { format: { type: 'string', value: 'jsonl|csv', meaning: 'Default: jsonl.' } },
  async run(context, given) {
    const format = given.text('format') ?? 'jsonl'
    if (format !== 'jsonl' && format !== 'csv') throw new UsageError('--format is jsonl or csv')
    const { store } = await context.deps()
    if (given.flag('json')) {
      const events: AuditedEvent[] = []
      for await (const event of eventsOf(store)) events.push(event)
      return { text: '', json: { events } }
    }
    // Written as they are read: there may be more than fits into memory. The last line is the command's answer.
    let line = format === 'csv' ? NAMES.join(',') : undefined
    for await (const event of eventsOf(store)) {
      if (line !== undefined) context.io.write(`${line}\n`)
      line = format === 'csv' ? csvLine(event) : jsonLine(event)
    }
    return { text: line ?? '', json: undefined }
  },
}
