import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command, CommandIo } from './command.ts'
import { type Leak, leaksIn, SHORTEST_CREDENTIAL } from './dump-check.ts'
import { Refusal, UsageError } from './refusal.ts'

const MOST_TOLD = 100

export const securityCommands: readonly Command[] = [
  {
    name: 'security dump-check',
    summary:
      'Look in a dump of the database, in plain SQL, for credentials that were issued. Exit code 1 when one is there.',
    words: ['DUMP'],
    options: {
      issued: { type: 'string', value: 'FILE', meaning: 'The credentials to look for, one a line. Never printed.' },
    },
    async run({ io }, given) {
      const path = given.text('issued')
      if (path === undefined) throw new UsageError('--issued FILE is missing')
      const issued = readIssued(io, path)
      const leaks: Leak[] = []
      let count = 0
      for await (const leak of leaksIn(dumpLines(given.word(0)), issued)) {
        count += 1
        if (leaks.length < MOST_TOLD) leaks.push(leak)
      }
      const looked = issued.filter((line) => line !== '').length
      const json = {
        credentials: looked,
        found: count,
        leaks: leaks.map(({ dumpLine, table, issuedLine, form }) => ({
          line: dumpLine,
          table: table ?? null,
          issued_line: issuedLine,
          form,
        })),
      }
      const text =
        count === 0
          ? `None of ${looked} credentials is in the dump.`
          : [
              ...leaks.map(
                ({ dumpLine, table, issuedLine, form }) =>
                  `line ${dumpLine}${table === undefined ? '' : ` (${table})`}: the credential of line ${issuedLine}, as ${form}`,
              ),
              `${count} found.`,
            ].join('\n')
      return { text, json, failed: count > 0 }
    },
  },
]

function readIssued(io: CommandIo, path: string): readonly string[] {
  let text: string
  try {
    text = io.readFile(path)
  } catch {
    throw new Refusal('the list of what was issued cannot be read')
  }
  const lines = text.split('\n').map((line) => line.trim())
  const short = lines.findIndex((line) => line !== '' && line.length < SHORTEST_CREDENTIAL)
  if (short >= 0) {
    throw new Refusal(
      `line ${short + 1} of the list is shorter than ${SHORTEST_CREDENTIAL} characters: it would be found anywhere by chance`,
    )
  }
  if (lines.every((line) => line === '')) throw new Refusal('the list of what was issued is empty')
  return lines
}

/** The lines of a dump, one at a time and one character a byte. @throws Refusal when it is none that can be searched */
async function* dumpLines(path: string): AsyncGenerator<string> {
  const input = createReadStream(path, 'latin1')
  let isFirst = true
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (isFirst && (line.startsWith('PGDMP') || line.startsWith('\x1f\x8b'))) {
        throw new Refusal('the dump is packed: make one in plain SQL (pg_dump --format=plain, without --compress)')
      }
      isFirst = false
      yield line
    }
  } catch (cause) {
    throw cause instanceof Refusal ? cause : new Refusal('the dump cannot be read', { cause })
  }
}
