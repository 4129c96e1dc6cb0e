import { applyFile, besideFile, reportText } from './apply.ts'
import type { Command, CommandIo } from './command.ts'
import { declarationSchema } from './declaration.ts'
import { Refusal, UsageError } from './refusal.ts'

export const applyCommand: Command = {
  name: 'apply',
  summary: 'Make resources, roles, clients and users what a file says. What it does not mention stays.',
  options: {
    file: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      meaning: 'The file, such as postern.yaml; - for standard input.',
    },
    plan: { type: 'boolean', meaning: 'Say what would change, and change nothing.' },
    schema: { type: 'boolean', meaning: 'Print the JSON Schema of the file.' },
  },
  async run(context, given) {
    if (given.flag('schema')) return { text: declarationSchema().trimEnd(), json: JSON.parse(declarationSchema()) }
    const path = given.text('file')
    if (path === undefined) throw new UsageError('-f FILE is missing')
    const { io } = context
    const text = await contentsOf(io, path)
    const plan = given.flag('plan') ?? false
    const readFile = path === '-' ? io.readFile : besideFile(path, io.readFile)
    const report = await applyFile(await context.deps(), text, { plan, readFile })
    return { text: reportText(report), json: report }
  },
}

async function contentsOf(io: CommandIo, path: string): Promise<string> {
  if (path === '-') return await io.readInput()
  try {
    return io.readFile(path)
  } catch {
    throw new Refusal(`${path} cannot be read`)
  }
}
