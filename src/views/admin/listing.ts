import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { pager } from './parts.ts'

/** What a list was asked, as its address says it. */
export interface ListingView {
  /** Where the list is, below the issuer: `/admin/users`. Its export is the same with `.csv`. */
  readonly path: string
  /** Its filters, without those that are empty. */
  readonly filter: Readonly<Record<string, string>>
  /** Whether this is not the first page. */
  readonly isLater: boolean
  /** The cursor of the next page. */
  readonly next: string | undefined
}

/** The address of a list with these filters, below the issuer. */
export function listPath(path: string, filter: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(filter).filter((pair): pair is [string, string] => !!pair[1])
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

/** The way through a list, with its filters. */
export const listPager = (frame: Frame, { path, filter, isLater, next }: ListingView): Html =>
  pager({
    ...(isLater ? { first: pathUrl(frame, listPath(path, filter)) } : {}),
    ...(next === undefined ? {} : { next: pathUrl(frame, listPath(path, { ...filter, cursor: next })) }),
    csv: pathUrl(frame, listPath(`${path}.csv`, filter)),
  })

/** What narrows a list: it stands in the address, so that it can be kept and sent. */
export const filters = (frame: Frame, path: string, controls: Html): Html =>
  html`<form id="filters" class="filters" method="get" action="${pathUrl(frame, path)}">${controls}
<button id="apply-filters" type="submit">Find</button></form>`
