// Whether an account exists cannot be told by the clock. It takes a quiet machine and a few minutes: run it by its name.
import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { startServer, type TestServer } from '../support/server.ts'
import { arrive, closeClean, isSignInPage } from './front-channel.ts'

const SAMPLES = 300
const WARM_UP = 30
/** So few failures has each account that strangers are still heard there. design.md §6 */
const ACCOUNTS = 6
const MOST_MEDIAN_GAP = 0.05
const LEAST_P = 0.01
const WRONG = 'Wrong-Password-1!'
const KINDS = ['known', 'unknown', 'disabled'] as const
type Kind = (typeof KINDS)[number]

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0

/** The probability that both samples come from one distribution: Kolmogorov and Smirnov's test, by its limit. */
function kolmogorovSmirnov(left: readonly number[], right: readonly number[]): number {
  const share = (sorted: readonly number[], most: number) =>
    sorted.filter((value) => value <= most).length / sorted.length
  const distance = Math.max(...[...left, ...right].map((value) => Math.abs(share(left, value) - share(right, value))))
  const size = Math.sqrt((left.length * right.length) / (left.length + right.length))
  const lambda = (size + 0.12 + 0.11 / size) * distance
  const terms = Array.from(
    { length: 100 },
    (_, k) => (k % 2 === 0 ? 2 : -2) * Math.exp(-2 * (k + 1) ** 2 * lambda ** 2),
  )
  return Math.min(1, lambda < 0.2 ? 1 : terms.reduce((sum, term) => sum + term, 0))
}

const shuffled = <T>(items: readonly T[]): readonly T[] => {
  const rest = [...items]
  return items.map(() => rest.splice(randomInt(rest.length), 1)[0]!)
}

suite('the time that a refused sign-in takes', () => {
  let server: TestServer
  before(async () => {
    server = await startServer({
      LIMIT_AUTH_PER_MINUTE: '100000',
      CEILING_ADDRESS_PER_MINUTE: '1000000',
      LOG_LEVEL: 'info',
    })
  })
  after(() => closeClean(server))

  test('A085 does not tell known, unknown and disabled users apart (ASVS 6.3.8)', async (t) => {
    const client = await server.register({})
    const names: Record<Kind, string[]> = { known: [], unknown: [], disabled: [] }
    for (let index = 0; index < ACCOUNTS; index += 1) {
      const [known, disabled] = [await server.makeUser(), await server.makeUser()]
      const { db } = server.database
      await db.updateTable('user').set({ disabled_at: new Date() }).where('id', '=', disabled.id).execute()
      names.known.push(known.username)
      names.disabled.push(disabled.username)
      names.unknown.push(`user_${randomBytes(5).toString('hex')}`)
    }
    const browser = server.browser()
    const page = await arrive(browser, client)
    assert.ok(isSignInPage(page))
    const took: Record<Kind, number[]> = { known: [], unknown: [], disabled: [] }
    for (let round = -WARM_UP; round < SAMPLES; round += 1) {
      for (const kind of shuffled(KINDS)) {
        const username = names[kind][(round + WARM_UP) % ACCOUNTS] ?? ''
        const began = performance.now()
        const answer = await browser.submit(page, { username, password: WRONG })
        const milliseconds = performance.now() - began
        assert.equal(answer.statusCode, 400, answer.body)
        if (round >= 0) took[kind].push(milliseconds)
      }
    }
    for (const kind of KINDS) took[kind].sort((left, right) => left - right)
    const faults: string[] = []
    for (const [left, right] of [
      ['known', 'unknown'],
      ['known', 'disabled'],
      ['unknown', 'disabled'],
    ] as const) {
      const [one, other] = [median(took[left]), median(took[right])]
      const gap = Math.abs(one - other) / Math.min(one, other)
      const p = kolmogorovSmirnov(took[left], took[right])
      const told = `${left} ${one.toFixed(2)} ms, ${right} ${other.toFixed(2)} ms: gap ${(gap * 100).toFixed(2)} %, p ${p.toFixed(4)}`
      t.diagnostic(told)
      if (gap >= MOST_MEDIAN_GAP || p <= LEAST_P) faults.push(told)
    }
    assert.deepEqual(faults, [])
  })
})
