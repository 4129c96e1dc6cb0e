import { fill } from './catalogue/fill.ts'
import { type FormView, form } from './form.ts'
import { type Html, html, url } from './html.ts'
import { type Frame, page } from './page.ts'

export interface ExpiredView {
  readonly clientName?: string
  /** Absent when there is no copy of the request to start again from. */
  readonly startAgain?: FormView
}

/** For a page that waited too long: starts its own request again from the sealed copy. design.md §5.6 */
export function expiredPage(view: ExpiredView, frame: Frame): Html {
  const { words } = frame
  return page(
    frame,
    { title: words.expired.title },
    html`<h1>${words.expired.title}</h1>
<p>${view.clientName === undefined ? words.expired.meaning : fill(words.expired.meaningFor, { client: view.clientName })}</p>
${view.startAgain === undefined ? html`<p>${words.expired.noRestart}</p>` : startAgainForm(view.startAgain, words.expired.restart)}`,
  )
}

/** One button that posts the sealed copy. */
export const startAgainForm = (view: FormView, label: string): Html =>
  form(
    view,
    'start-again-form',
    html`<div class="actions"><button id="start-again" type="submit" class="primary">${label}</button></div>`,
  )

export interface AlreadyCompletedView {
  readonly clientName?: string
  /** A page of the app; never the redirect URI of the finished request. */
  readonly returnHref?: string
}

/** For the back button and the second press of a button: the transaction has ended well. */
export function alreadyCompletedPage(view: AlreadyCompletedView, frame: Frame): Html {
  const { words } = frame
  const { clientName, returnHref } = view
  return page(
    frame,
    { title: words.completed.title },
    html`<h1>${words.completed.title}</h1>
<p>${clientName === undefined ? words.completed.meaning : fill(words.completed.meaningFor, { client: clientName })}</p>
${returnHref !== undefined && clientName !== undefined && html`<div class="actions"><a id="back" class="button" href="${url(returnHref, ['http'])}">${fill(words.completed.back, { client: clientName })}</a></div>`}`,
  )
}
