// Administrators who are quick, on three nodes: what there has to be one of stays one, and nothing is taken back by accident.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { apiAs, callWith, registerAdminClient } from '../support/administrator.ts'
import { atOnce, type Cluster, ROUNDS, type ServerProcess, startCluster } from '../support/processes.ts'
import type { TestClient } from '../support/server.ts'

const CALLERS = 50
const MACHINE = { token_endpoint_auth_method: 'client_secret_basic', grant_types: ['client_credentials'], scope: '' }

suite('administration over three nodes', () => {
  let cluster: Cluster
  let client: TestClient
  let admin: Awaited<ReturnType<typeof apiAs>>
  before(async () => {
    cluster = await startCluster()
    client = await registerAdminClient(cluster)
    admin = await apiAs(cluster, client, ['administrator'])
  })
  after(() => cluster.close())

  const at = (node: ServerProcess, token = admin.token) => callWith({ ...cluster, app: node.app }, token)
  const counted = (statuses: readonly number[]) =>
    Object.fromEntries(
      [...new Set(statuses)].sort().map((one) => [one, statuses.filter((each) => each === one).length]),
    )

  test('of administrators who all put each other out of office at once, one stays (A151)', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const rivals = [admin, ...(await Promise.all([1, 2, 3].map(() => apiAs(cluster, client, ['administrator']))))]
      await atOnce(cluster.nodes, CALLERS, (node, index) => {
        const rival = rivals[index % rivals.length]
        const victim = rivals[(index + 1 + Math.floor(index / rivals.length)) % rivals.length]
        assert.ok(rival && victim)
        const call = at(node, rival.token)
        const path = `/users/${victim.user.id}`
        const until = { expires_at: new Date(Date.now() + 3_600_000).toISOString() }
        const blows = [
          () => call('POST', `${path}/disable`),
          () => call('DELETE', `${path}/roles/administrator`),
          () => call('DELETE', path),
          () => call('PUT', `${path}/roles/administrator`, until),
        ]
        const blow = blows[(index + round) % blows.length]
        assert.ok(blow)
        return blow()
      })
      const left = await cluster.sql<{ id: string }>(
        `select u.id from user_role g join "user" u on u.id = g.user_id
          where g.role = 'administrator' and g.expires_at is null and u.disabled_at is null`,
      )
      assert.ok(left.length >= 1)
      await cluster.sql(`delete from "user" where id in (select user_id from user_role where role = 'administrator')`)
      admin = await apiAs(cluster, client, ['administrator'])
    }
  })

  test('a client never has more than two secrets, and each that was told works (A149)', async () => {
    await admin.call('POST', '/clients', { client_id: 'machine', ...MACHINE })
    const answers = await atOnce(cluster.nodes, CALLERS, (node) => at(node)('POST', '/clients/machine/secrets'))
    assert.deepEqual(counted(answers.map(({ statusCode }) => statusCode)), { 201: 1, 409: CALLERS - 1 })
    const { items } = (await admin.call('GET', '/clients/machine/secrets')).json()
    assert.equal(items.length, 2)
  })

  test('under one Idempotency-Key one thing is made, and everybody who is answered is told of it alike', async () => {
    const answers = await atOnce(cluster.nodes, CALLERS, (node) =>
      at(node)('POST', '/clients', { client_name: 'Once', ...MACHINE }, { 'idempotency-key': 'one' }),
    )
    const made = answers.filter(({ statusCode }) => statusCode === 201)
    assert.ok(made.length >= 1)
    assert.equal(new Set(made.map(({ body }) => body)).size, 1)
    assert.ok(answers.every(({ statusCode }) => [201, 409].includes(statusCode)))
    const [{ count } = { count: '0' }] = await cluster.sql<{ count: string }>(
      `select count(*) from client where client_name = 'Once'`,
    )
    assert.equal(Number(count), 1)
  })

  test('of those who change the same version one does, and what the others say is lost to nobody (RFC 9110 §13.1.1)', async () => {
    await admin.call('POST', '/roles', { name: 'clerk' })
    await admin.call('POST', '/resources', { identifier: 'https://r.example', name: 'R' })
    const user = await cluster.makeUser()
    for (const [path, change] of [
      ['/roles/clerk', (n: number) => ({ description: `${n}` })],
      ['/clients/machine', (n: number) => ({ client_name: `${n}` })],
      [`/resources/${encodeURIComponent('https://r.example')}`, (n: number) => ({ name: `${n}` })],
      [`/users/${user.id}`, (n: number) => ({ claims: { name: `${n}` } })],
    ] as const) {
      const { etag } = (await admin.call('GET', path)).headers
      const answers = await atOnce(cluster.nodes, CALLERS, (node, index) =>
        at(node)('PATCH', path, change(index), { 'if-match': String(etag) }),
      )
      const statuses = answers.map(({ statusCode }) => statusCode)
      assert.deepEqual(counted(statuses), { 200: 1, 412: CALLERS - 1 }, path)
    }
  })

  test('what somebody takes from a role is not given back by others who change something else, whichever version it has', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const path = `/roles/role-${round}`
      await admin.call('POST', '/roles', { name: `role-${round}`, permissions: ['users:read', 'users:write'] })
      const answers = await atOnce(cluster.nodes, 20, (node, index) =>
        at(node)('PATCH', path, index === 10 ? { permissions: [] } : { description: `${index}` }, { 'if-match': '*' }),
      )
      assert.ok(answers.every(({ statusCode }) => [200, 412].includes(statusCode)))
      if (answers[10]?.statusCode !== 200) continue
      assert.deepEqual((await admin.call('GET', path)).json().permissions, [])
    }
  })

  test('a role that is granted and revoked by many is held or not, and each that happened is in the audit once', async () => {
    const { id } = await cluster.makeUser()
    const path = `/users/${id}/roles/clerk`
    const answers = await atOnce(cluster.nodes, CALLERS, (node, index) =>
      index % 2 === 0 ? at(node)('PUT', path, {}) : at(node)('DELETE', path),
    )
    assert.ok(
      answers.every(({ statusCode }) => [200, 204, 404].includes(statusCode)),
      String(answers.map((a) => a.statusCode)),
    )
    const [row] = await cluster.sql<{ granted: string; held: string }>(
      `select (select count(*) from audit_event where user_id = $1 and type = 'user.role_granted') as granted,
              (select count(*) from user_role where user_id = $1) as held`,
      [id],
    )
    assert.equal(Number(row?.granted), CALLERS / 2)
    assert.ok(Number(row?.held) <= 1)
  })

  test('keys that are replaced by many at once leave one that signs and one that follows', async () => {
    const answers = await atOnce(cluster.nodes, 12, (node) => at(node)('POST', '/keys/emergency'))
    const failed = answers.filter(({ statusCode }) => ![200, 201, 401, 409].includes(statusCode))
    assert.deepEqual(
      failed.map(({ statusCode, body }) => [statusCode, body]),
      [],
    )
    const states = await cluster.sql<{ state: string; count: string }>(
      `select state, count(*) from signing_key where state in ('current', 'next') group by state order by state`,
    )
    assert.deepEqual(
      states.map(({ state, count }) => [state, Number(count)]),
      [
        ['current', 1],
        ['next', 1],
      ],
    )
  })
})
