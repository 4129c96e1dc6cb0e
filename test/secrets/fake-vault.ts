// A vault for tests: it speaks the wire of the documented HTTP API (KV version 2, AppRole, token, database and lease
// endpoints), with answers in the shapes that the API's reference prints, and makes real roles in a real PostgreSQL.
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'

export interface FakeLease {
  readonly id: string
  readonly username: string
  readonly token: string
  readonly endsForGoodAt: number
  expiresAt: number
}

interface FakeToken {
  readonly value: string
  readonly endsForGoodAt: number
  readonly seconds: number
  expiresAt: number
}

interface Options {
  readonly now: () => Date
  readonly tokenSeconds?: number
  readonly tokenMaxSeconds?: number
  readonly leaseSeconds?: number
  readonly leaseMaxSeconds?: number
  /** Where database roles are made, and the role that they work as. */
  readonly database?: { readonly adminUrl: string; readonly owner: string }
}

type Answer = readonly [status: number, body?: unknown]
const errors = (status: number, ...messages: readonly string[]): Answer => [status, { errors: messages }]
const envelope = (members: Record<string, unknown>) => ({
  request_id: randomUUID(),
  lease_id: '',
  renewable: false,
  lease_duration: 0,
  data: null,
  wrap_info: null,
  warnings: null,
  auth: null,
  ...members,
})

export type FakeVault = Awaited<ReturnType<typeof startVault>>

export async function startVault(options: Options) {
  const { tokenSeconds = 1200, tokenMaxSeconds = 86_400, leaseSeconds = 3600, leaseMaxSeconds = 86_400 } = options
  const now = () => options.now().getTime() / 1000
  const tokens = new Map<string, FakeToken>()
  const leases = new Map<string, FakeLease>()
  /** Of every lease that was ended: how many sessions its role still had. */
  const sessionsAtEnd: number[] = []
  const asked: string[] = []
  const state = {
    isSealed: false,
    roleId: randomUUID(),
    secretId: randomUUID(),
    kv: {} as Record<string, unknown>,
    policyDenies: '',
    tokens,
    leases,
    sessionsAtEnd,
    /** Every request, as method and path. */
    asked,
    headers: {} as IncomingMessage['headers'],
    newToken: () => newToken().value,
    /** What `vault lease revoke` of an operator does. */
    revoke: (lease: FakeLease) => endLease(lease),
  }

  function newToken(): FakeToken {
    const value = `hvs.${randomBytes(18).toString('base64url')}`
    const times = { expiresAt: now() + tokenSeconds, endsForGoodAt: now() + tokenMaxSeconds }
    const token = { value, seconds: tokenSeconds, ...times }
    tokens.set(value, token)
    return token
  }

  async function administer<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: options.database?.adminUrl })
    await client.connect()
    try {
      return (await client.query<Row>(text, values)).rows
    } finally {
      await client.end()
    }
  }

  async function newLease(token: string): Promise<Answer> {
    const username = `v-approle-postern-${randomBytes(10).toString('hex')}`
    const password = `${randomBytes(12).toString('base64url')}-%&+' ü`
    if (options.database) {
      const { owner } = options.database
      await administer(
        `create role "${username}" login password '${password.replaceAll("'", "''")}' in role ${owner};
         alter role "${username}" set role to ${owner}`,
      )
    }
    const id = `database/creds/postern/${randomBytes(12).toString('hex')}`
    const times = { expiresAt: now() + leaseSeconds, endsForGoodAt: now() + leaseMaxSeconds }
    leases.set(id, { id, username, token, ...times })
    const members = { lease_id: id, lease_duration: leaseSeconds, renewable: true, data: { username, password } }
    return [200, envelope(members)]
  }

  async function endLease({ id, username }: FakeLease): Promise<void> {
    leases.delete(id)
    if (!options.database) return
    sessionsAtEnd.push(await sessionsOf(username))
    await administer(`drop role "${username}"`)
  }

  /** A connection that its client has closed is gone from the server's list a moment later. */
  async function sessionsOf(username: string): Promise<number> {
    const count = async () => {
      const [row] = await administer<{ count: number }>(
        'select count(*)::int as count from pg_stat_activity where usename = $1',
        [username],
      )
      return row?.count ?? 0
    }
    for (let tries = 0; tries < 40 && (await count()) > 0; tries++) await pause(5)
    return await count()
  }

  async function expire(): Promise<void> {
    for (const token of tokens.values()) if (token.expiresAt <= now()) tokens.delete(token.value)
    for (const lease of leases.values()) {
      if (lease.expiresAt <= now() || !tokens.has(lease.token)) await endLease(lease)
    }
  }

  function auth(token: FakeToken): Answer {
    const seconds = Math.floor(token.expiresAt - now())
    const members = { client_token: token.value, accessor: randomUUID(), lease_duration: seconds, renewable: true }
    return [200, envelope({ auth: { ...members, token_policies: ['default', 'postern'], metadata: null } })]
  }

  async function answer(method: string, path: string, given: string, body: Record<string, unknown>): Promise<Answer> {
    if (state.isSealed) return errors(503, 'Vault is sealed')
    await expire()
    if (method === 'POST' && path === '/v1/auth/approle/login') {
      const isRight = body.role_id === state.roleId && body.secret_id === state.secretId
      return isRight ? auth(newToken()) : errors(400, 'invalid role or secret ID')
    }
    const token = tokens.get(given)
    if (!token) return errors(403, 'permission denied')
    if (state.policyDenies !== '' && path.includes(state.policyDenies)) {
      return errors(403, '1 error occurred:\n\t* permission denied\n\n')
    }
    switch (`${method} ${path}`) {
      case 'GET /v1/auth/token/lookup-self': {
        const ttl = Math.floor(token.expiresAt - now())
        return [
          200,
          envelope({ data: { id: given, ttl, creation_ttl: token.seconds, renewable: true, type: 'service' } }),
        ]
      }
      case 'POST /v1/auth/token/renew-self':
        token.expiresAt = Math.min(now() + token.seconds, token.endsForGoodAt)
        return auth(token)
      case 'POST /v1/auth/token/revoke-self':
        tokens.delete(given)
        await expire()
        return [204]
      case 'GET /v1/secret/data/postern': {
        const metadata = { created_time: '2026-01-01T00:00:00Z', deletion_time: '', destroyed: false, version: 2 }
        return [200, envelope({ data: { data: state.kv, metadata } })]
      }
      case 'GET /v1/database/creds/postern':
        return await newLease(given)
      case 'POST /v1/sys/leases/renew': {
        const lease = leases.get(String(body.lease_id))
        if (!lease) return errors(400, 'lease not found')
        lease.expiresAt = Math.min(now() + leaseSeconds, lease.endsForGoodAt)
        const seconds = Math.floor(lease.expiresAt - now())
        return [200, envelope({ lease_id: lease.id, lease_duration: seconds, renewable: true })]
      }
      case 'POST /v1/sys/leases/revoke': {
        const lease = leases.get(String(body.lease_id))
        if (lease) await endLease(lease)
        return [204]
      }
    }
    return [404, { errors: [] }]
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const text = Buffer.concat(parts).toString()
    state.headers = request.headers
    asked.push(`${request.method} ${request.url}`)
    const token = String(request.headers['x-vault-token'] ?? '')
    const [status, body] = await answer(request.method ?? '', request.url ?? '', token, text ? JSON.parse(text) : {})
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(body === undefined ? '' : `${JSON.stringify(body)}\n`)
  }

  const server = createServer((request, response) => void serve(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const approle = { VAULT_ADDR: address, VAULT_ROLE_ID: state.roleId, VAULT_SECRET_ID: state.secretId }
  return Object.assign(state, {
    /** The settings that log in by AppRole. */
    approle,
    address,
    async close() {
      for (const lease of [...leases.values()]) await endLease(lease)
      server.close()
      server.closeAllConnections()
    },
  })
}
