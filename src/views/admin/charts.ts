import { type Html, html } from '../html.ts'

export interface Bar {
  /** What it stands for: `14:00`. */
  readonly label: string
  readonly value: number
}

export interface BarChart {
  readonly id: string
  /** What is counted. */
  readonly name: string
  /** `by hour`. */
  readonly per: string
  readonly bars: readonly Bar[]
  readonly isFault?: boolean
}

const STEP = 10
const GAP = 2
const HEIGHT = 100
const LEAST = 2 // so that one of many can be seen

/** Bars over time as inline SVG. It has its colours from the stylesheet; its numbers stand in a table beside it. */
export function barChart({ id, name, per, bars, isFault = false }: BarChart): Html {
  const sum = bars.reduce((all, { value }) => all + value, 0)
  const peak = bars.reduce<Bar | undefined>((best, bar) => (best && best.value >= bar.value ? best : bar), undefined)
  const highest = peak && peak.value > 0 ? `, at most ${peak.value}, at ${peak.label}` : ''
  return html`<figure class="chart" id="${id}">
<figcaption>${name} <strong>${sum}</strong></figcaption>
<svg class="${isFault ? 'bars fault-bars' : 'bars'}" viewBox="0 0 ${Math.max(1, bars.length) * STEP} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${name} ${per}: ${sum} in all${highest}">${bars.map(({ label, value }, index) => value > 0 && bar(index, label, value, peak?.value ?? value))}</svg>
<p class="axis" aria-hidden="true"><span>${bars[0]?.label}</span><span>${bars.at(-1)?.label}</span></p>
</figure>`
}

function bar(index: number, label: string, value: number, most: number): Html {
  const height = Math.max(LEAST, Math.round((value / most) * HEIGHT))
  return html`<rect x="${index * STEP + GAP / 2}" y="${HEIGHT - height}" width="${STEP - GAP}" height="${height}"><title>${label}: ${value}</title></rect>`
}
