import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AppOptions, buildApp } from './app.ts'
import { systemClock } from './base/clock.ts'
import { applyFile, besideFile } from './cli/apply.ts'
import { prepareFirstRun } from './cli/first-run.ts'
import { runCommand } from './cli/index.ts'
import { VERSION } from './cli/version.ts'
import { type Config, loadConfig } from './config/config.ts'
import { ConfigFaults } from './config/config-faults.ts'
import { type Deps, type OpenDeps, openDeps } from './deps.ts'
import { ensureDemo } from './http/demo/demo.ts'
import { metricsApp } from './http/endpoints/metrics.ts'
import { drain, type Listening, refuseTakenPorts } from './http/listen.ts'
import { keepCertificateFresh, serverCertificate } from './http/tls.ts'
import { auditRetention } from './jobs/audit-retention.ts'
import { checkpointAudit } from './jobs/checkpoint-audit.ts'
import { deliverOutbox } from './jobs/deliver-outbox.ts'
import { keepRefusals } from './jobs/keep-refusals.ts'
import { rotateSigningKeys } from './jobs/rotate-keys.ts'
import { startJobs } from './jobs/schedule.ts'
import { sealAudit } from './jobs/seal-audit.ts'
import { sweep } from './jobs/sweep.ts'
import { keepSecrets, openSecretSource, type SecretSource } from './secrets/secret-source.ts'
import { measureProcess, type ProcessFacts } from './telemetry/gauges.ts'
import { createLog } from './telemetry/log.ts'

const JOBS = [sweep, rotateSigningKeys, sealAudit, checkpointAudit, auditRetention, deliverOutbox, keepRefusals]

const read = (path: string): string => readFileSync(path, 'utf8')
const say = (text: string): void => void process.stdout.write(text)
const complain = (text: string): void => void process.stderr.write(text)

async function readInput(): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(Buffer.from(part))
  return Buffer.concat(parts).toString('utf8')
}

/** secrets → config → deps → app → listen → drain */
async function start(options: readonly string[]): Promise<void> {
  const secrets = await openSecretSource(process.env, read, systemClock)
  try {
    await serve(secrets, options)
  } catch (error) {
    await secrets.close()
    throw error
  }
}

async function serve(secrets: SecretSource, options: readonly string[]): Promise<void> {
  const config = loadConfig(secrets.variables, read)
  const log = createLog({ level: config.logLevel })
  const certificate = config.tls && serverCertificate(config.tls, read)
  await refuseTakenPorts(config)
  const opened = await openDeps({ config, log, purpose: 'serve', databaseCredentials: secrets.databaseCredentials })
  const { deps } = opened
  try {
    const file = applyOption(options)
    if (file !== undefined) {
      const { changes } = await applyFile(deps, read(file), { readFile: besideFile(file, read) })
      const isChange = ({ action }: { readonly action: string }) => action !== 'unchanged'
      log.info({ entries: changes.length, changed: changes.filter(isChange).length }, 'set-up applied')
    }
    const first = await firstRun(opened)
    if (config.isDemoOn) await ensureDemo(deps)

    if (config.metrics) measureProcess(deps.metrics, processFacts)
    const draining = { isDraining: false }
    const listening = await build(deps, { draining, https: certificate?.options })
    for (const { app, at } of listening) await app.listen(at)
    const stopJobs = startJobs(deps, JOBS)
    const stopKeeping = keepSecrets(secrets, log)
    const stopRenewing =
      certificate &&
      keepCertificateFresh(
        certificate,
        listening.map(({ app }) => app.server),
        log,
      )
    log.info({ issuer: config.issuer, engine: opened.database.engine }, 'ready')
    if (config.mail === 'none') log.warn('no mail can be sent: nobody can reset a password; set SMTP_URL')
    if (first && (config.isLoopback || !first.isKept)) say(first.text)

    const stop = atMostOnce(async () => {
      draining.isDraining = true
      log.info('draining')
      stopJobs()
      stopRenewing?.()
      await drain(listening, config.shutdownSeconds)
      await stopKeeping()
      await opened.close()
      await secrets.close()
      log.info('stopped')
    })
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  } catch (error) {
    await opened.close()
    throw error
  }
}

const processFacts: ProcessFacts = {
  version: VERSION,
  nodeVersion: process.versions.node,
  startedAt: new Date(performance.timeOrigin),
  residentBytes: () => process.memoryUsage.rss(),
}

/** Every listener that the settings ask for. */
async function build(deps: Deps, options: AppOptions): Promise<readonly Listening[]> {
  const { host, port, admin, metrics } = deps.config
  return [
    { app: await buildApp(deps, options), at: { host, port } },
    ...(admin ? [{ app: await buildApp(deps, { ...options, listener: 'admin' }), at: admin }] : []),
    ...(metrics ? [{ app: metricsApp(deps), at: metrics }] : []),
  ]
}

function applyOption(options: readonly string[]): string | undefined {
  const [name, file, ...more] = options
  if (name === undefined) return undefined
  if (name !== '--apply' || file === undefined || more.length > 0)
    throw new Error('usage: postern start [--apply FILE]')
  return file
}

interface FirstRun {
  readonly text: string
  readonly isKept: boolean
}

/** What a newcomer needs, once: kept beside the data, and never given to the log. design.md §11 */
async function firstRun({ deps, isNewMasterKey }: OpenDeps): Promise<FirstRun | undefined> {
  const prepared = await prepareFirstRun(deps)
  if (prepared === undefined) return undefined
  const key = isNewMasterKey ? `\n${masterKeyNote(deps.config)}` : ''
  const text = `${prepared}${key}\n`
  return { text, isKept: isWritten(deps.config.dataDir, text) }
}

/** On a read-only file system it cannot be kept, and is said wherever the server runs: it is not told again. */
function isWritten(dataDir: string, text: string): boolean {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    writeFileSync(join(dataDir, 'first-run.txt'), text, { mode: 0o600 })
    return true
  } catch {
    return false
  }
}

const masterKeyNote = ({ dataDir }: Config): string =>
  `The key that seals this database was made in ${join(dataDir, 'master.key')}. Keep a copy of it apart from your backups.`

function atMostOnce(work: () => Promise<void>): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    void work()
  }
}

const [command = '--help', ...rest] = process.argv.slice(2)
try {
  if (command === 'start') await start(rest)
  else
    process.exitCode = await runCommand([command, ...rest], {
      write: say,
      writeError: complain,
      env: process.env,
      readFile: read,
      readInput,
    })
} catch (error) {
  complain(`${error instanceof Error ? error.message : 'the start failed'}\n`)
  if (!(error instanceof ConfigFaults) && process.env.LOG_LEVEL === 'debug')
    complain(`${error instanceof Error ? error.stack : ''}\n`)
  process.exit(1)
}
