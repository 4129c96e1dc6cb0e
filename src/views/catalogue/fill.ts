import { type Html, html, type Value } from '../html.ts'

const PLACE = /\{(\w+)\}/

/**
 * A message with its places filled. A plain string is set apart from the sentence's direction, so that a name in another
 * script cannot reorder the words around it.
 * @throws Error when the message names a place that is not given
 */
export const fill = (message: string, values: Readonly<Record<string, Value>>): Html =>
  html`${message.split(PLACE).map((part, i) => (i % 2 === 0 ? part : apart(given(values, part))))}`

/** The same where only text can stand, such as a title. */
export const fillText = (message: string, values: Readonly<Record<string, string>>): string =>
  message
    .split(PLACE)
    .map((part, i) => (i % 2 === 0 ? part : given(values, part)))
    .join('')

const apart = (value: Value): Value => (typeof value === 'string' ? html`<bdi>${value}</bdi>` : value)

function given<T>(values: Readonly<Record<string, T>>, place: string): T {
  const value = values[place]
  if (value === undefined) throw new Error('catalogue: a place of the message is not given')
  return value
}

const DAY = 86_400

/** A wait in the words of a language, rounded up to whole minutes, hours or days when it is long. */
export function waitInWords(lang: string, seconds: number): string {
  const [amount, unit] =
    seconds < 60
      ? [Math.max(1, Math.ceil(seconds)), 'second']
      : seconds < 3600
        ? [Math.ceil(seconds / 60), 'minute']
        : seconds < 2 * DAY
          ? [Math.ceil(seconds / 3600), 'hour']
          : [Math.ceil(seconds / DAY), 'day']
  return new Intl.NumberFormat(lang, { style: 'unit', unit, unitDisplay: 'long' }).format(amount)
}
