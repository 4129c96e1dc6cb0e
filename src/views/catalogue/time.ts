import { type Html, html } from '../html.ts'
import type { Catalogue } from './index.ts'

const UNITS = [
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
] as const
const WEEK = 7 * 86_400

/** How long ago something was, in words; from a week on, its date (UTC). The exact time stands in the title. */
export function when({ lang, account }: Catalogue, time: Date, now: Date): Html {
  return html`<time datetime="${time.toISOString()}" title="${inUtc(time)}">${inWords(lang, account.justNow, time, now)}</time>`
}

function inWords(lang: string, justNow: string, time: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - time.getTime()) / 1000)
  if (seconds < 60) return justNow
  if (seconds >= WEEK) return new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeZone: 'UTC' }).format(time)
  const [unit, length] = UNITS.findLast(([, least]) => seconds >= least) ?? UNITS[0]
  return new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(-Math.floor(seconds / length), unit)
}

/** A time that can be compared with a log. */
export const inUtc = (time: Date): string => `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`
