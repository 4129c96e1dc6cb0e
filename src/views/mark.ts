import { type Html, html, url } from './html.ts'

/** The product's mark: a postern, a small gate in a wall, left ajar. */
export const gate: Html = html`<svg class="gate" viewBox="0 0 32 32" aria-hidden="true" focusable="false"><path class="wall" d="M2 3h28v26h-6V16a8 8 0 0 0-16 0v13H2z"/><path class="door" d="M8 29V16A8 8 0 0 1 18 8.250V26z"/><circle class="ring" cx="15.500" cy="18" r="1.250"/></svg>`

/** How an app shows: its logo, served by us, or its initials. Beside its name, so without a name of its own. */
export const badge = (name: string, logo: string | undefined): Html =>
  logo === undefined
    ? html`<span class="badge" aria-hidden="true">${initials(name)}</span>`
    : html`<img class="badge" src="${url(logo)}" alt="" width="64" height="72">`

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** The first letters of the first two words. */
export function initials(name: string): string {
  const words = name.split(/[\s\p{P}\p{Sm}\p{Sc}]+/u).filter((word) => word !== '')
  const first = words.slice(0, 2).map((word) => [...graphemes.segment(word)][0]?.segment ?? '')
  return first.join('').toUpperCase()
}
