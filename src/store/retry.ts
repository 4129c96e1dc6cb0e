import { setTimeout as pause } from 'node:timers/promises'
import { systemRandom } from '../base/random.ts'

/** The database can't be reached, or can't answer now. What was under way may or may not have been done. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
  constructor(cause: unknown) {
    super('the database cannot be reached: check that it runs, and that DATABASE_URL or DATA_DIR leads to it', {
      cause,
    })
  }
}

const TRIES = 6
const FIRST_PAUSE_MS = 8

const CONFLICT = /^(?:40001|40P01)$/
/** Connection, authorization, resources, read-only after a failover, cancelled, shutting down. PostgreSQL documentation, appendix A */
const UNAVAILABLE = /^(?:08...|28...|3D000|53...|25006|57014|57P..)$/
/** Of those, what a second connection a moment later is likely to find gone. */
const LOST = /^(?:08...|25006|57P..)$/
const SYSTEM =
  /^(?:ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EACCES)$/
/** The driver gives these no code. */
const BROKEN = /^(?:Connection terminated|Client has encountered a connection error|Client was closed)/
const NO_ANSWER =
  /^(?:timeout exceeded when trying to connect|Query read timeout|Connection terminated due to connection timeout)/

/**
 * Does something again, at most five times, with growing random pauses, after a conflict or a lost connection.
 * @param onFailure told of each failure before it is done again
 * @throws StoreUnavailable when the database stays away; any other error as it was thrown
 */
export async function retried<T>(once: () => Promise<T>, onFailure: (error: unknown) => void): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await once()
    } catch (error) {
      onFailure(error)
      if (tries === TRIES || !isWorthAnother(error)) throw isUnavailable(error) ? new StoreUnavailable(error) : error
      await pause(pauseMs(tries))
    }
  }
}

/** Another node has changed the schema under a statement that this connection had prepared. */
export const isStale = (error: unknown): boolean =>
  codeOf(error) === '0A000' && messageOf(error) === 'cached plan must not change result type'

const isWorthAnother = (error: unknown): boolean => CONFLICT.test(codeOf(error)) || isStale(error) || isLost(error)

const isLost = (error: unknown): boolean =>
  LOST.test(codeOf(error)) ||
  SYSTEM.test(codeOf(error)) ||
  (BROKEN.test(messageOf(error)) && !NO_ANSWER.test(messageOf(error)))

const isUnavailable = (error: unknown): boolean =>
  isLost(error) || UNAVAILABLE.test(codeOf(error)) || CONFLICT.test(codeOf(error)) || NO_ANSWER.test(messageOf(error))

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '')

/** Between nothing and 8 ms, then 16, 32 …: those who met must not meet again. */
const pauseMs = (tries: number): number =>
  (systemRandom.bytes(2).readUInt16BE() / 0xffff) * FIRST_PAUSE_MS * 2 ** (tries - 1)
