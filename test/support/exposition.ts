import assert from 'node:assert/strict'

/** One line of a scrape. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/
const PAIR = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y
const SUFFIXES = { counter: [''], gauge: [''], histogram: ['_bucket', '_sum', '_count'] } as const

/**
 * Reads a scrape as strictly as the format is written: help and type once before the samples of a family and all of them
 * together, no series twice, buckets that only grow and end in the count. Prometheus text format 0.0.4
 */
export function parseExposition(text: string): readonly Sample[] {
  assert.ok(text.endsWith('\n'), 'the last line ends')
  const samples: Sample[] = []
  const seen = new Set<string>()
  let family = { name: '', type: '' }
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (kind === 'HELP') {
      assert.ok(!seen.has(name), `${name} is described twice`)
      seen.add(name)
      family = { name, type: '' }
    } else if (kind === 'TYPE') {
      assert.equal(name, family.name)
      assert.ok(rest in SUFFIXES, line)
      family = { name, type: rest }
    } else {
      const sample = sampleOf(line)
      const suffixes = SUFFIXES[family.type as keyof typeof SUFFIXES]
      assert.ok(
        suffixes.some((suffix) => sample.name === family.name + suffix),
        `${line} stands in ${family.name}`,
      )
      const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`
      assert.ok(!seen.has(series), `${series} is there twice`)
      seen.add(series)
      samples.push(sample)
    }
  }
  checkHistograms(samples)
  return samples
}

function sampleOf(line: string): Sample {
  const [, name = '', written = '', value = ''] = LINE.exec(line) ?? assert.fail(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  PAIR.lastIndex = 0
  while (PAIR.lastIndex < written.length) {
    const [, label = '', text = ''] = PAIR.exec(written) ?? assert.fail(`no labels: ${written}`)
    assert.ok(!(label in labels), `${label} is there twice`)
    labels[label] = text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}

function checkHistograms(samples: readonly Sample[]): void {
  const last = new Map<string, number>()
  for (const { name, labels, value } of samples) {
    const { le, ...rest } = labels
    const key = `${name.replace(/_(bucket|count)$/, '')} ${JSON.stringify(rest)}`
    if (name.endsWith('_bucket')) {
      assert.ok(le !== undefined && value >= (last.get(key) ?? 0), `${key} falls at ${le}`)
      last.set(key, value)
    } else if (name.endsWith('_count') && last.has(key)) assert.equal(value, last.get(key), key)
  }
}

/** The sum of all series of a family that have these labels. */
export const valueIn = (
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number =>
  samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, text]) => sample.labels[label] === text))
    .reduce((sum, { value }) => sum + value, 0)
