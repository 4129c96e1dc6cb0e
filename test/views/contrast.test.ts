import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stylesheet } from '../../src/views/assets.ts'

type Colours = Readonly<Record<string, string>>

/** The colours of one theme: the custom properties of its `:root` block. */
const coloursIn = (block: string): Colours =>
  Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  )
const [, light = '', dark = ''] = stylesheet.body.toString().split(/:root \{/)
const themes = { light: coloursIn(light), dark: { ...coloursIn(light), ...coloursIn(dark) } }

/** Relative luminance. WCAG 2.2 */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
function contrast(one: string, other: string): number {
  const [brighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (brighter + 0.05) / (darker + 0.05)
}

const TEXT: ReadonlyArray<readonly [string, readonly string[]]> = [
  ['ink', ['wall', 'joint', 'opening', 'well', 'warning-well', 'fault-well']],
  ['quiet', ['wall', 'joint', 'opening', 'well']],
  ['accent', ['opening', 'well']],
  ['accent-strong', ['opening', 'well']],
  ['on-accent', ['accent', 'accent-strong']],
  ['fault', ['opening', 'fault-well']],
  ['warning', ['warning-well']],
]
const SHAPES: typeof TEXT = [
  ['line', ['opening']],
  ['accent', ['opening', 'wall']],
  ['fault', ['opening']],
]

for (const [theme, colours] of Object.entries(themes)) {
  test(`the ${theme} theme keeps its contrast, on stone too where axe cannot tell (pages.md, rule 1; WCAG 1.4.3, 1.4.11)`, () => {
    for (const [pairs, least] of [
      [TEXT, 4.5],
      [SHAPES, 3],
    ] as const) {
      for (const [front, backs] of pairs) {
        for (const back of backs) {
          const ratio = contrast(colours[front]!, colours[back]!)
          assert.ok(ratio >= least, `${front} on ${back}: ${ratio.toFixed(2)}`)
        }
      }
    }
  })
}
