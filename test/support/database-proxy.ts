// A network between one node and its PostgreSQL that fails on command: the answer to a named statement is lost after the
// server has done it, the statement never arrives, the database refuses connections, or says nothing at all.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Where the connection breaks: before the server has seen the statement, or after it was committed. */
export type Break = 'before' | 'after'

export interface DatabaseProxy {
  /** The database's URL through this proxy. */
  readonly url: string
  /**
   * Breaks the connection that next carries a statement of such text. Resolves when that has happened; `then` runs at the
   * very moment, before anybody can notice.
   */
  breakAt(statement: RegExp, where: Break, then?: () => void): Promise<void>
  /** Ends every connection, and refuses new ones. */
  refuse(): Promise<void>
  /** Keeps every connection open, and lets nothing through. */
  stall(): void
  /** Lets all through again. */
  heal(): Promise<void>
  close(): Promise<void>
}

interface Trap {
  readonly statement: RegExp
  readonly where: Break
  sprung(): void
}

export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let trap: Trap | undefined
  let isStalled = false

  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    const statements = statementReader()
    let isDoomed = false
    const cut = (): void => {
      for (const socket of [client, upstream]) {
        socket.destroy()
        sockets.delete(socket)
      }
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.once('error', cut).once('close', cut)
    }
    const spring = (sprung: Trap): void => {
      sprung.sprung()
      cut()
    }
    let waiting: Trap | undefined
    client.on('data', (chunk: Buffer) => {
      if (isStalled) return
      const texts = statements(chunk)
      if (trap !== undefined && texts.some((text) => trap?.statement.test(text))) {
        waiting = trap
        trap = undefined // one connection alone
        if (waiting.where === 'before') return spring(waiting)
        isDoomed = true
      }
      upstream.write(chunk)
    })
    upstream.on('data', (chunk: Buffer) => {
      if (isStalled) return
      if (!isDoomed) client.write(chunk)
      else if (isReadyForQuery(chunk) && waiting) spring(waiting) // what was asked is committed, and nobody hears of it
    })
  })

  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const drop = (): void => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  await listen(0)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(address.port)
  return {
    url: url.href,
    breakAt: (statement, where, then = () => undefined) =>
      new Promise((resolve) => {
        const sprung = () => {
          then()
          resolve()
        }
        trap = { statement, where, sprung }
      }),
    async refuse() {
      server.close()
      drop()
    },
    stall() {
      isStalled = true
    },
    async heal() {
      if (isStalled) drop() // what was swallowed is lost
      isStalled = false
      if (!server.listening) await listen(address.port)
    },
    async close() {
      server.close()
      drop()
    },
  }
}

/** PostgreSQL protocol §54.7: ReadyForQuery, outside a transaction. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])
const isReadyForQuery = (chunk: Buffer): boolean => chunk.subarray(-READY_FOR_QUERY.length).equals(READY_FOR_QUERY)

/**
 * Reads what one connection asks for off its bytes: the text of each statement as it is run, also when it was prepared
 * earlier and only its name is sent. PostgreSQL protocol §54.7: Query, Parse, Bind
 */
function statementReader(): (chunk: Buffer) => readonly string[] {
  const prepared = new Map<string, string>()
  let rest: Buffer = Buffer.alloc(0)
  let hasBegun = false
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const texts: string[] = []
    for (;;) {
      const lengthAt = hasBegun ? 1 : 0 // the first message has no type
      if (rest.length < lengthAt + 4) return texts
      const end = lengthAt + rest.readInt32BE(lengthAt)
      if (rest.length < end) return texts
      const type = hasBegun ? String.fromCharCode(rest[0]!) : ''
      const [first = '', second = ''] = rest
        .subarray(lengthAt + 4, end)
        .toString('latin1')
        .split('\0')
      if (type === 'Q') texts.push(first)
      if (type === 'P') prepared.set(first, second)
      if (type === 'B') texts.push(prepared.get(second) ?? '')
      hasBegun = true
      rest = rest.subarray(end)
    }
  }
}
