import { type Command, optionsOf } from './command.ts'

const usage = ({ name, words = [], options = {} }: Command): string =>
  ['postern', name, ...words, Object.keys(options).length > 0 ? '[options]' : '']
    .filter((part) => part !== '')
    .join(' ')

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}

const listed = (commands: readonly Command[]): string =>
  columns(commands.map(({ name, words = [], summary }) => [[name, ...words].join(' '), summary]))

/** All commands. */
export const help = (commands: readonly Command[]): string => `Usage: postern COMMAND [options]

  start  Run the server (--apply FILE: with this set-up)
${listed(commands)}

Every command takes --json and --help. Exit codes: 0 done, 1 refused or failed, 2 not understood.
Settings come from the environment: postern settings lists them.`

export const groupHelp = (commands: readonly Command[]): string => `Usage: postern COMMAND [options]

${listed(commands)}`

/** One command with its options. */
export const commandHelp = (command: Command): string => `Usage: ${usage(command)}

${command.summary}

${columns(
  Object.entries(optionsOf(command)).map(([name, { short, value, type, multiple, meaning }]) => [
    `${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ` ${value ?? 'TEXT'}` : ''}${multiple ? ' …' : ''}`,
    meaning,
  ]),
)}`
