// Whether two kinds of request can be told apart by how long they take.
import { randomInt } from 'node:crypto'

const WARM_UP = 30
const MOST_MEDIAN_GAP = 0.05
const LEAST_P = 0.01

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

/**
 * Asks each kind in turn, in chance order, and compares every pair: medians less than 5 % apart, and one distribution.
 * @param ask one request of a kind; `round` counts up, so that a kind can take turns within itself
 * @param samples of each kind, the more the shorter a request takes
 * @param tell hears what was measured of each pair
 * @returns the pairs that can be told apart
 */
export async function toldApartByTime<Kind extends string>(
  kinds: readonly Kind[],
  samples: number,
  ask: (kind: Kind, round: number) => Promise<void>,
  tell: (measured: string) => void,
): Promise<readonly string[]> {
  const took = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]))
  for (let round = 0; round < WARM_UP + samples; round += 1) {
    for (const kind of shuffled(kinds)) {
      const began = performance.now()
      await ask(kind, round)
      const milliseconds = performance.now() - began
      if (round >= WARM_UP) took.get(kind)?.push(milliseconds)
    }
  }
  const sorted = [...took].map(([kind, times]) => [kind, times.sort((left, right) => left - right)] as const)
  const apart: string[] = []
  for (const [index, [left, lefts]] of sorted.entries()) {
    for (const [right, rights] of sorted.slice(index + 1)) {
      const [one, other] = [median(lefts), median(rights)]
      const gap = Math.abs(one - other) / Math.min(one, other)
      const p = kolmogorovSmirnov(lefts, rights)
      const told = `${left} ${one.toFixed(2)} ms, ${right} ${other.toFixed(2)} ms: gap ${(gap * 100).toFixed(2)} %, p ${p.toFixed(4)}`
      tell(told)
      if (gap >= MOST_MEDIAN_GAP || p <= LEAST_P) apart.push(told)
    }
  }
  return apart
}
