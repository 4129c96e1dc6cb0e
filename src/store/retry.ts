import { setTimeout as pause } from 'node:timers/promises'
import { systemRandom } from '../base/random.ts'

/** What is stored can't be reached, or can't answer now. What was under way may or may not have been done. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
  constructor(
    cause: unknown,
    message = 'the database cannot be reached: check that it runs, and that DATABASE_URL or DATA_DIR leads to it',
  ) {
    super(message, { cause })
  }
}

/** No connection came about: nothing was done, whatever the reason. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected'
  constructor(cause: unknown) {
    super('no connection to the database', { cause })
  }
}

const TRIES = 6
const FIRST_PAUSE_MS = 8

/** Error codes. PostgreSQL documentation, appendix A */
const CONFLICT = /^(?:40001|40P01)$/
/** Connection lost, read-only after a failover, shutting down: a moment later there may be a server again. */
const LOST = /^(?:08...|25006|57P..)$/
/** Resources used up, statement cancelled: the server is there, and could do no more. */
const EXHAUSTED = /^(?:53...|57014)$/
const SYSTEM = /^(?:ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/
/** The driver gives these no code. */
const BROKEN = /^(?:Connection terminated unexpectedly|Client has encountered a connection error)/
const NO_ANSWER = 'Query read timeout'

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
      const cause = error instanceof NotConnected ? error.cause : error
      if (tries === TRIES || !isWorthAnother(cause)) {
        throw error instanceof NotConnected || isUnavailable(cause) ? new StoreUnavailable(cause) : error
      }
      await pause(pauseMs(tries))
    }
  }
}

/** Another node has changed the schema under a statement that this connection had prepared. */
export const isStale = (error: unknown): boolean =>
  codeOf(error) === '0A000' && messageOf(error) === 'cached plan must not change result type'

/** The answer was not waited for: it may still come, so the connection is of no more use. */
export const isUnanswered = (error: unknown): boolean => messageOf(error) === NO_ANSWER

const isConflict = (error: unknown): boolean => CONFLICT.test(codeOf(error))

/** There is no connection any more, or none that can write. */
export const isLost = (error: unknown): boolean =>
  LOST.test(codeOf(error)) || SYSTEM.test(codeOf(error)) || BROKEN.test(messageOf(error))

const isWorthAnother = (error: unknown): boolean => isConflict(error) || isLost(error) || isStale(error)

const isUnavailable = (error: unknown): boolean =>
  isConflict(error) || isLost(error) || EXHAUSTED.test(codeOf(error)) || isUnanswered(error)

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '')

/** Up to 8 ms, then up to 16, 32 …: those who met must not meet again. */
const pauseMs = (tries: number): number =>
  (systemRandom.bytes(2).readUInt16BE() / 0xffff) * FIRST_PAUSE_MS * 2 ** (tries - 1)
