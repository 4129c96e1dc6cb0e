import { fill, waitInWords } from './catalogue/fill.ts'
import type { Catalogue } from './catalogue/index.ts'
import { type Fault, field } from './form.ts'
import type { Html } from './html.ts'

/** Why a code did not count. `refused` is one answer for a wrong, an old and a used one. */
export type CodeFault =
  | { readonly kind: 'refused' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'wait'; readonly seconds: number }

interface CodeTexts {
  readonly refused: string
  readonly missing: string
}

/** The fault for the summary: a wait is about no field. */
export function codeFaults(fault: CodeFault | undefined, texts: CodeTexts, words: Catalogue): readonly Fault[] {
  if (fault === undefined) return []
  return fault.kind === 'wait'
    ? [{ text: fill(words.fault.wait, { wait: waitInWords(words.lang, fault.seconds) }) }]
    : [{ text: texts[fault.kind], field: 'code' }]
}

interface CodeFieldView {
  readonly label: string
  readonly hint?: Html | false
  readonly faults: readonly Fault[]
  readonly isFocused?: boolean
}

const focusedUnlessFaulty = ({ faults, isFocused = true }: CodeFieldView): boolean => isFocused && faults.length === 0
const textsOf = ({ faults }: CodeFieldView) => faults.filter((fault) => fault.field === 'code').map(({ text }) => text)

/** One input for the six digits of an authenticator, with the spaces and dashes that people type or paste. WCAG 2.2 §3.3.8 */
export const totpField = (view: CodeFieldView): Html =>
  field({
    name: 'code',
    label: view.label,
    type: 'code',
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    pattern: '[\\s\\-]*(?:\\d[\\s\\-]*){6}',
    hint: view.hint ?? false,
    faults: textsOf(view),
    isFocused: focusedUnlessFaulty(view),
  })

/** One input for a recovery code: letters too, and nothing for a browser to remember. */
export const recoveryCodeField = (view: CodeFieldView): Html =>
  field({
    name: 'code',
    label: view.label,
    type: 'code',
    autocomplete: 'off',
    hint: view.hint ?? false,
    faults: textsOf(view),
    isFocused: focusedUnlessFaulty(view),
  })
