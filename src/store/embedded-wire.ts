import { createServer, type Server, type Socket } from 'node:net'

/** The one session that the embedded PostgreSQL has. */
export interface Session {
  /** Hands whole protocol messages to the session, and each piece of its answer to `answer`. */
  speak(messages: Uint8Array, answer: (bytes: Uint8Array) => void): Promise<void>
  isInTransaction(): boolean
}

const STARTUP = 196_608 // protocol 3.0; PostgreSQL 18 documentation, 54.7 Message Formats
const ENCRYPTION_REQUESTS = [80_877_103, 80_877_104] // TLS, GSSAPI
const REFUSED = Buffer.from('N')
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
const QUERY = code('Q')
const SYNC = code('S')
const TERMINATE = code('X')
const SYNC_MESSAGE = Buffer.of(SYNC, 0, 0, 0, 4)
const ROLLBACK_MESSAGE = Buffer.concat([Buffer.of(QUERY, 0, 0, 0, 13), Buffer.from('rollback\0')])

/**
 * Serves one session to many connections over a unix socket. A connection has the floor from the first message of a
 * statement until the session is idle and outside a transaction; the others wait. Taking turns message by message would
 * be wrong: the unnamed statement and portal belong to the session, so a Bind would meet another connection's Parse.
 */
export function serveSession(session: Session, idleInTransactionSeconds: number): Server {
  const floor = new Floor()
  return createServer((socket) => {
    // The client is gone or spoke nonsense: its turn has been taken back, and there is nobody left to tell.
    converse(socket, session, floor, idleInTransactionSeconds * 1000).catch(() => socket.destroy())
  })
}

async function converse(socket: Socket, session: Session, floor: Floor, idleMs: number): Promise<void> {
  let hasFloor = false
  const answer = (bytes: Uint8Array) => {
    if (socket.writable) socket.write(Buffer.from(bytes)) // a copy: the bytes are the engine's own memory
  }
  socket.on('timeout', () => socket.destroy())
  try {
    for await (const part of partsOf(socket)) {
      if (!hasFloor) await floor.take()
      hasFloor = true
      socket.setTimeout(0)
      await session.speak(part.messages, answer)
      if (part.isWhole && !session.isInTransaction()) {
        floor.give()
        hasFloor = false
      } else {
        socket.setTimeout(idleMs)
      }
    }
  } finally {
    socket.destroy()
    if (hasFloor) {
      await abandon(session)
      floor.give()
    }
  }
}

/** Leaves the session as a connection that died in the middle of a statement or a transaction must leave it. */
async function abandon(session: Session): Promise<void> {
  const nobody = () => undefined
  await session.speak(SYNC_MESSAGE, nobody)
  if (session.isInTransaction()) await session.speak(ROLLBACK_MESSAGE, nobody)
}

/** Messages that belong together, and whether the session answers that it is ready when it has read them. */
interface Part {
  readonly messages: Buffer
  readonly isWhole: boolean
}

/** Cuts what a client sends into parts, each as long as it can be, and answers the questions that come before the first. */
async function* partsOf(socket: Socket): AsyncGenerator<Part> {
  let rest: Buffer = Buffer.alloc(0)
  let started = false
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, bytesOf(chunk)])
    while (!started && hasMessage(rest, 0)) {
      const request = rest.readInt32BE(4)
      const messages = rest.subarray(0, rest.readInt32BE(0))
      rest = rest.subarray(messages.length)
      started = request === STARTUP
      if (started) yield { messages, isWhole: true }
      else if (ENCRYPTION_REQUESTS.includes(request)) socket.write(REFUSED)
      else return // a CancelRequest: there is nothing to interrupt a statement with
    }
    let end = 0
    while (started && hasMessage(rest, end + 1)) {
      const type = rest[end]
      if (type === TERMINATE) return
      end += 1 + rest.readInt32BE(end + 1)
      const isWhole = type === QUERY || type === SYNC
      if (!isWhole && hasMessage(rest, end + 1)) continue
      yield { messages: rest.subarray(0, end), isWhole }
      rest = rest.subarray(end)
      end = 0
    }
  }
}

/** Whether all of the message whose length stands at the offset has come. The length counts itself, and not the type. */
function hasMessage(bytes: Buffer, offset: number): boolean {
  if (bytes.length < offset + 4) return false
  const length = bytes.readInt32BE(offset)
  if (length < 4 || length > MAX_MESSAGE_BYTES) throw new Error('not a PostgreSQL message')
  return bytes.length >= offset + length
}

function bytesOf(chunk: unknown): Buffer {
  if (!Buffer.isBuffer(chunk)) throw new Error('a socket without an encoding yields buffers')
  return chunk
}

function code(letter: string): number {
  return letter.charCodeAt(0)
}

/** Who may speak: one at a time, in the order of asking. */
class Floor {
  readonly #waiting: (() => void)[] = []
  #taken = false

  async take(): Promise<void> {
    if (this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#taken = true
  }

  give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#taken = false
    else next()
  }
}
