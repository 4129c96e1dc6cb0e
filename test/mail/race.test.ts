import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { formsOf } from '../support/browser-session.ts'
import { atOnce, type Cluster, startCluster } from '../support/processes.ts'
import { newestLink } from './mails.ts'

const CALLERS = 50
const passwordOf = (index: number) => `Another-Horse-${index}-Battery!`

suite('a link to a new password over three nodes', () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster({ settings: { PASSWORD_HASH_PERMITS: '1' } })
  })
  after(() => cluster.close())

  const asked = async (email: string) => {
    const browser = cluster.browser()
    await browser.submit(await browser.get('/forgot-password'), { login: email })
    return await newestLink(cluster.deps, email, 'reset-password')
  }
  /** Opens a link, and gives what sends its form to a node. */
  async function opened(link: string) {
    const browser = cluster.browser()
    const page = await browser.get(link)
    const [form] = formsOf(page.body).filter(({ fields }) => 'password' in fields)
    assert.ok(form, page.body)
    const cookie = [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ')
    return { form, headers: { cookie, origin: cluster.issuer } }
  }

  test('fifty callers with one link set one password (A113)', async () => {
    const user = await cluster.makeUser()
    const { form, headers } = await opened(await asked(user.email))
    const answers = await atOnce(cluster.nodes, CALLERS, (node, index) =>
      node.post(form.action, { ...form.fields, password: passwordOf(index) }, headers),
    )
    const statuses = answers.map(({ statusCode }) => statusCode)
    const winners = statuses.flatMap((status, index) => (status === 200 ? [index] : []))
    assert.equal(winners.length, 1, String(statuses))
    assert.ok(
      statuses.every((status) => [200, 410].includes(status)),
      String(statuses),
    )
    const stored = await cluster.deps.store.passwords.find(user.id)
    assert.ok(stored)
    assert.equal(await cluster.deps.passwords.check(passwordOf(winners[0] ?? -1), stored), 'right')
    const [told] = await cluster.sql<{ count: string; epoch: number }>(
      `select (select count(*) from outbox where topic = 'password-changed') as count, epoch from "user" where id = $1`,
      [user.id],
    )
    assert.deepEqual([Number(told?.count), told?.epoch], [1, 1])
  })

  test('two links of one user, used at once, set one password (A113)', async () => {
    const user = await cluster.makeUser()
    const forms = [await opened(await asked(user.email)), await opened(await asked(user.email))] as const
    const answers = await atOnce(cluster.nodes, 12, (node, index) => {
      const { form, headers } = forms[index % 2 === 0 ? 0 : 1]
      return node.post(form.action, { ...form.fields, password: passwordOf(index) }, headers)
    })
    assert.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1)
    const [row] = await cluster.sql<{ epoch: number }>('select epoch from "user" where id = $1', [user.id])
    assert.equal(row?.epoch, 1)
  })
})
