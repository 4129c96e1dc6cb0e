// The numbers of this process, and how Prometheus reads them: its text format, version 0.0.4. Labels take values of closed
// lists alone (routes, codes, outcomes), so that no series is made for a person, a client or a typed word.

/** The value of each label. */
type Labels<Name extends string> = Readonly<Record<Name, string>>

/** Only grows. */
export interface Counter<Name extends string> {
  add(labels: Labels<Name>): void
}

/** How long things took, in seconds. */
export interface Histogram<Name extends string> {
  observe(labels: Labels<Name>, seconds: number): void
}

/** One value of a gauge, as it is now. */
export interface Reading {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

export interface Registry {
  counter<const Name extends string>(name: string, help: string, labels: readonly Name[]): Counter<Name>
  histogram<const Name extends string>(name: string, help: string, labels: readonly Name[]): Histogram<Name>
  /** What is read when it is asked for; one that was given again replaces the first. */
  gauge(name: string, help: string, read: () => readonly Reading[] | number): void
  /** Everything, as a scrape wants it. */
  render(): string
}

/** From a millisecond to the time after which a slow client is cut off. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15] as const

interface Series {
  readonly labels: string
  readonly counts: number[]
  sum: number
}

export function registry(): Registry {
  const families = new Map<string, () => readonly string[]>()
  const define = (name: string, type: string, help: string, lines: () => readonly string[]): void => {
    families.set(name, () => [`# HELP ${name} ${escaped(help, /[\\\n]/g)}`, `# TYPE ${name} ${type}`, ...lines()])
  }
  return {
    counter(name, help, labels) {
      const values = new Map<string, number>()
      define(name, 'counter', help, () => [...values].map(([key, value]) => line(name, key, value)))
      return {
        add(given) {
          const key = labels.map((label) => pair(label, given[label])).join(',')
          values.set(key, (values.get(key) ?? 0) + 1)
        },
      }
    },
    histogram(name, help, labels) {
      const all = new Map<string, Series>()
      define(name, 'histogram', help, () => [...all.values()].flatMap((series) => bucketLines(name, series)))
      return {
        observe(given, seconds) {
          const key = labels.map((label) => pair(label, given[label])).join(',')
          const series = all.get(key) ?? { labels: key, counts: [...BUCKETS, 0].map(() => 0), sum: 0 }
          const found = BUCKETS.findIndex((most) => seconds <= most)
          const index = found < 0 ? BUCKETS.length : found
          series.counts[index] = (series.counts[index] ?? 0) + 1
          series.sum += seconds
          all.set(key, series)
        },
      }
    },
    gauge(name, help, read) {
      define(name, 'gauge', help, () => {
        const now = read()
        const readings = typeof now === 'number' ? [{ value: now }] : now
        return readings.map(({ labels = {}, value }: Reading) =>
          line(
            name,
            Object.entries(labels)
              .map(([label, text]) => pair(label, text))
              .join(','),
            value,
          ),
        )
      })
    },
    render: () => `${[...families.values()].flatMap((lines) => lines()).join('\n')}\n`,
  }
}

function bucketLines(name: string, { labels, counts, sum }: Series): readonly string[] {
  let total = 0
  const lines = counts.map((count, index) => {
    total += count
    const bound = pair('le', String(BUCKETS[index] ?? '+Inf'))
    return line(`${name}_bucket`, labels === '' ? bound : `${labels},${bound}`, total)
  })
  return [...lines, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, total)]
}

const line = (name: string, labels: string, value: number): string =>
  `${name}${labels === '' ? '' : `{${labels}}`} ${String(value).replace('Infinity', 'Inf').replace(/^Inf/, '+Inf')}`

const pair = (label: string, text: string): string => `${label}="${escaped(text, /[\\"\n]/g)}"`

const escaped = (text: string, special: RegExp): string =>
  text.replace(special, (character) => (character === '\n' ? '\\n' : `\\${character}`))
