import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import type { Config } from '../config/config.ts'
import type { Variables } from '../config/environment.ts'
import type { Deps } from '../deps.ts'
import type { Database } from '../store/database.ts'
import { UsageError } from './refusal.ts'

/** Everything that a command can reach outside its arguments. */
export interface CommandIo {
  /** To standard output. What it is given may be a secret that is told once: it is not to be logged. */
  write(text: string): void
  writeError(text: string): void
  readonly env: Variables
  /** Reads a text file, and throws when it cannot. */
  readFile(path: string): string
  /** Reads standard input to its end. */
  readInput(): Promise<string>
}

/** What a command works with. What it opens is closed when it has ended. */
export interface CommandContext {
  readonly io: CommandIo
  /** @throws ConfigFaults */
  config(): Promise<Config>
  /** Everything, migrated; of the embedded database the running one where there is one. */
  deps(): Promise<Deps>
  /** The database alone, as it is. */
  database(): Promise<Database>
}

/** What a command says: to a person, and to a program. */
export interface CommandResult {
  readonly text: string
  readonly json: unknown
  /** True where the command ran and what it found is bad: exit code 1. */
  readonly failed?: boolean
}

interface Option {
  readonly type: 'string' | 'boolean'
  /** May be given several times. */
  readonly multiple?: boolean
  readonly short?: string
  /** What stands for the value in the help. */
  readonly value?: string
  readonly meaning: string
}
export type Options = Readonly<Record<string, Option>>

/** The arguments of a command, read. */
export interface Given {
  /** A required word after the command's name. */
  word(index: number): string
  text(option: string): string | undefined
  texts(option: string): readonly string[] | undefined
  /** `false` for `--no-…`, `undefined` when it is not there. */
  flag(option: string): boolean | undefined
}

export interface Command {
  /** One word, or a group and a verb. */
  readonly name: string
  readonly summary: string
  /** Names of the words that have to follow. */
  readonly words?: readonly string[]
  readonly options?: Options
  run(context: CommandContext, given: Given): Promise<CommandResult>
}

const COMMON: Options = {
  json: { type: 'boolean', meaning: 'Print JSON.' },
  help: { type: 'boolean', short: 'h', meaning: 'Print this.' },
}

export const optionsOf = (command: Command): Options => ({ ...command.options, ...COMMON })

/** Reads the arguments of a command. @throws UsageError */
export function readArguments(command: Command, args: readonly string[]): Given {
  const options: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(optionsOf(command)).map(([name, { type, multiple = false, short }]) => [
      name,
      { type, multiple, ...(short === undefined ? {} : { short }) },
    ]),
  )
  const { values, positionals } = parsed(options, args)
  const { words = [] } = command
  const isAskingForHelp = values.help === true
  const missing = words[positionals.length]
  if (missing !== undefined && !isAskingForHelp) throw new UsageError(`${missing} is missing`)
  if (positionals.length > words.length) throw new UsageError('there are more words than this command takes')
  return {
    word: (index) => positionals[index] ?? '',
    text: (option) => [values[option]].flat().find((value) => typeof value === 'string'),
    texts: (option) =>
      values[option] === undefined ? undefined : [values[option]].flat().filter((value) => typeof value === 'string'),
    flag: (option) => [values[option]].flat().find((value) => typeof value === 'boolean'),
  }
}

function parsed(options: ParseArgsOptionsConfig, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, allowNegative: true, strict: true })
  } catch (error) {
    // Node names the option in its words, and the value nowhere.
    throw new UsageError(error instanceof Error ? error.message : 'the arguments cannot be read')
  }
}
