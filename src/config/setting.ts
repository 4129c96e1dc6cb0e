import { z } from 'zod'
import { type Form, oneOf, wholeNumber } from './forms.ts'

/** What a person is told about a setting. */
export interface Setting {
  readonly meaning: string
  /** Completes "is not …". */
  readonly form: string
  readonly unit?: string
  readonly default: string
  readonly isSecret?: true
}

export const settings = z.registry<Setting>()

const written = <Value>(form: Form<Value>) =>
  z.string().transform((text, context) => {
    const value = form(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom' })
    return z.NEVER
  })

/** A setting whose default is a text as an operator would write it. */
export const setting = <Value>(form: Form<Value>, facts: Setting) =>
  written(form).prefault(facts.default).register(settings, facts)

/** A setting whose default follows from others, and is described in words. */
export const derived = <Value>(form: Form<Value>, facts: Setting) => written(form).optional().register(settings, facts)

interface NumberFacts {
  readonly default: number
  readonly least: number
  readonly most: number
  readonly unit: string
  readonly meaning: string
}
export const number = ({ least, most, default: fallback, ...facts }: NumberFacts) =>
  setting(wholeNumber(least, most), {
    ...facts,
    form: `a whole number from ${least} to ${most}`,
    default: String(fallback),
  })

const inWords = (words: readonly string[]) => words.join(', ').replace(/, ([^,]*)$/, ' or $1')

interface ChoiceFacts<Word> {
  readonly default: Word
  readonly meaning: string
}
export const choice = <const Word extends string>(words: readonly Word[], facts: ChoiceFacts<NoInfer<Word>>) =>
  setting(oneOf(words), { ...facts, form: inWords(words) })
