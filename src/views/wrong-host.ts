import { fill } from './catalogue/fill.ts'
import { type Html, html, url } from './html.ts'
import { type Frame, page } from './page.ts'

export interface WrongHostView {
  /** The issuer. */
  readonly configured: string
  /** The address that the browser used, as far as the request tells. */
  readonly received: string
  /** The values that differ, under the names that an operator knows them by. */
  readonly differences: ReadonlyArray<{
    readonly name: string
    readonly configured: string
    readonly received?: string
  }>
}

/** Says which value of the request contradicts the configured issuer. design.md §2.1 */
export function wrongHostPage(view: WrongHostView, frame: Frame): Html {
  const { wrongHost: words } = frame.words
  const code = (text: string) => html`<code dir="ltr">${text}</code>`
  return page(
    frame,
    { title: words.title, isFault: true, shape: 'wide' },
    html`<div id="fault" role="alert" tabindex="-1" autofocus aria-labelledby="error-title">
<h1 id="error-title">${words.title}</h1>
<p>${fill(words.meaning, { configured: code(view.configured), received: code(view.received) })}</p>
</div>
<p>${words.visitor} <a id="configured-address" dir="ltr" href="${url(view.configured, ['http'])}">${view.configured}</a></p>
<h2 id="differences-title">${words.operator}</h2>
<table id="differences" aria-labelledby="differences-title">
<thead><tr><th scope="col">${words.value}</th><th scope="col">${words.configured}</th><th scope="col">${words.received}</th></tr></thead>
<tbody>${view.differences.map(({ name, configured, received }) => html`<tr><th scope="row">${code(name)}</th><td data-label="${words.configured}">${code(configured)}</td><td data-label="${words.received}">${received === undefined ? words.nothing : code(received)}</td></tr>`)}</tbody>
</table>
<p>${words.remedy}</p>`,
  )
}
