// cli: what an operator types. Each command reads its arguments, asks the same functions as the pages and the API, and says
// what happened once to a person or, with --json, to a program. No rule is decided here, and no secret is kept.

import { systemClock } from '../base/clock.ts'
import { loadConfig } from '../config/config.ts'
import { ConfigFaults } from '../config/config-faults.ts'
import { openDeps, openStorage } from '../deps.ts'
import { openSecretSource, type SecretSource } from '../secrets/secret-source.ts'
import { createLog } from '../telemetry/log.ts'
import { adminLinkCommand } from './admin-link.ts'
import { FileRefused } from './apply.ts'
import { applyCommand } from './apply-command.ts'
import { auditCommands } from './audit.ts'
import { clientCommands } from './client.ts'
import { clientChangeCommands } from './client-create.ts'
import { type Command, type CommandContext, type CommandIo, type CommandResult, readArguments } from './command.ts'
import { deliveryCommands } from './delivery.ts'
import { deviceCommands } from './device.ts'
import { doctorCommand } from './doctor.ts'
import { explainCommand } from './explain.ts'
import { familyCommands } from './family.ts'
import { commandHelp, groupHelp, help } from './help.ts'
import { keyCommands } from './key.ts'
import { migrateCommand } from './migrate.ts'
import { Refusal, UsageError } from './refusal.ts'
import { rekeyCommand } from './rekey.ts'
import { resourceCommands } from './resource.ts'
import { roleCommands } from './role.ts'
import { securityCommands } from './security.ts'
import { sessionCommands } from './session.ts'
import { settingsCommand } from './settings.ts'
import { userCommands } from './user.ts'
import { userChangeCommands } from './user-create.ts'
import { userRolesCommand } from './user-roles.ts'
import { VERSION } from './version.ts'

const COMMANDS: readonly Command[] = [
  migrateCommand,
  applyCommand,
  ...clientCommands,
  ...clientChangeCommands,
  ...resourceCommands,
  ...roleCommands,
  ...userCommands,
  userRolesCommand,
  ...userChangeCommands,
  ...sessionCommands,
  ...familyCommands,
  ...deviceCommands,
  ...deliveryCommands,
  ...keyCommands,
  rekeyCommand,
  ...auditCommands,
  explainCommand,
  ...securityCommands,
  doctorCommand,
  adminLinkCommand,
  settingsCommand,
]

/**
 * Runs one command of `postern`. `start` is not among them.
 * @returns the exit code: 0 done, 1 refused or failed, 2 not understood
 */
export async function runCommand(argv: readonly string[], io: CommandIo): Promise<0 | 1 | 2> {
  const [first] = argv
  const command = COMMANDS.find(({ name }) => `${argv.join(' ')} `.startsWith(`${name} `))
  const isJson = argv.includes('--json')
  if (first === '--version' || first === '-v') return print(io, isJson, { text: VERSION, json: { version: VERSION } })
  if (command) return await runOne(command, argv.slice(command.name.split(' ').length), io)
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
  const isAskingForHelp = first === undefined || argv.some((word) => ['help', '--help', '-h'].includes(word))
  const text = group.length > 0 ? groupHelp(group) : help(COMMANDS)
  if (isAskingForHelp) return print(io, isJson, { text, json: { help: text } })
  io.writeError(group.length > 0 ? `${text}\n` : `There is no such command. See: postern --help\n`)
  return 2
}

async function runOne(command: Command, args: readonly string[], io: CommandIo): Promise<0 | 1 | 2> {
  const isJson = args.includes('--json')
  const { context, close } = contextOf(io)
  try {
    const given = readArguments(command, args)
    if (given.flag('help'))
      return print(io, isJson, { text: commandHelp(command), json: { help: commandHelp(command) } })
    return print(io, isJson, await command.run(context, given))
  } catch (error) {
    const isUsage = error instanceof UsageError
    const text = isUsage ? `${error.message}\n\n${commandHelp(command)}` : told(error)
    io.writeError(`${isJson ? JSON.stringify(jsonOf(error)) : text}\n`)
    return isUsage ? 2 : 1
  } finally {
    await close()
  }
}

function print(io: CommandIo, isJson: boolean, { text, json, failed = false }: CommandResult): 0 | 1 {
  io.write(`${isJson ? JSON.stringify(json, undefined, 2) : text}\n`)
  return failed ? 1 : 0
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return 'the command failed'
  const cause = error.cause instanceof Error && error.cause.message !== '' ? `\n  because: ${error.cause.message}` : ''
  return `${error.message || error.name}${cause}`
}

const jsonOf = (error: unknown) => ({
  error: error instanceof UsageError ? 'usage' : error instanceof Refusal ? 'refused' : 'failed',
  message: told(error),
  ...(error instanceof ConfigFaults || error instanceof FileRefused ? { faults: error.faults } : {}),
})

/** Opens what a command asks for, when it asks, and closes it all when it has ended. */
function contextOf(io: CommandIo): { readonly context: CommandContext; close(): Promise<void> } {
  const opened: { close(): Promise<void> }[] = []
  const opening = async <T extends { close(): Promise<void> }>(promise: Promise<T>): Promise<T> => {
    const it = await promise
    opened.push(it)
    return it
  }
  let source: Promise<SecretSource> | undefined
  const secrets = () => {
    source ??= opening(openSecretSource(io.env, io.readFile, systemClock))
    return source
  }
  const config = async () => loadConfig((await secrets()).variables, io.readFile)
  const options = async () => {
    const log = createLog({ level: 'error', destination: { write: io.writeError } })
    const { databaseCredentials } = await secrets()
    return { config: await config(), log, purpose: 'command', databaseCredentials } as const
  }
  const context = {
    io,
    config,
    deps: async () => (await opening(openDeps(await options()))).deps,
    database: async () => (await opening(openStorage(await options()))).database,
  }
  return {
    context,
    close: async () => {
      for (const each of opened.toReversed()) await each.close()
    },
  }
}
