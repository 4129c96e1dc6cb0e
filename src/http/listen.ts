import { once } from 'node:events'
import { createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'

interface Place {
  readonly host: string
  readonly port: number
}

/** An app and where it answers. */
export interface Listening {
  readonly app: FastifyInstance
  readonly at: Place
}

/** Finds out before anything is changed, so that what a first start tells once is not lost to a start that fails. */
export async function refuseTakenPorts({ host, port, admin, metrics }: Config): Promise<void> {
  await refuseTakenPort('', { host, port })
  if (admin) await refuseTakenPort('ADMIN_', admin)
  if (metrics) await refuseTakenPort('METRICS_', metrics)
}

async function refuseTakenPort(prefix: string, { host, port }: Place): Promise<void> {
  const probe = createServer()
  try {
    await once(probe.listen({ host, port }), 'listening')
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it cannot be listened on'
    throw new Error(
      `${prefix}PORT ${port} cannot be served: ${reason}. Stop what has it, or set another ${prefix}PORT or ${prefix}HOST.`,
    )
  }
  await new Promise((resolve) => probe.close(resolve))
}

/** Lets every listener finish what it has, for so long; then its connections are cut. */
export async function drain(listening: readonly Listening[], seconds: number): Promise<void> {
  const force = setTimeout(() => {
    for (const { app } of listening) app.server.closeAllConnections()
  }, seconds * 1000)
  await Promise.all(listening.map(({ app }) => app.close()))
  clearTimeout(force)
}
