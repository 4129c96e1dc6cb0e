import type { PageErrorCode } from '../protocol/error.ts'
import { fill, waitInWords } from './catalogue/fill.ts'
import { inUtc } from './catalogue/time.ts'
import type { FormView } from './form.ts'
import { type Html, html, url } from './html.ts'
import { startAgainForm } from './interrupted.ts'
import { type Frame, page } from './page.ts'

export interface ErrorView {
  readonly code: PageErrorCode
  readonly requestId: string
  readonly time: Date
  /** Only where the request proved which app it is. */
  readonly clientName?: string
  /** Seconds until the next attempt may be made. */
  readonly waitSeconds?: number
  /** A form that starts the request again, or a link to where it can be. */
  readonly startAgain?: FormView | { readonly href: string }
}

/** Says what went wrong and what to do, and what to quote when asking for help. Shows no cause: that is for our log. */
export function errorPage(view: ErrorView, frame: Frame): Html {
  const { error, lang } = frame.words
  const words = error.page[view.code]
  const { startAgain } = view
  return page(
    frame,
    { title: words.title, isFault: true },
    html`<div id="fault" role="alert" tabindex="-1" autofocus aria-labelledby="error-title">
<h1 id="error-title">${words.title}</h1>
<p>${words.meaning}</p>
<p>${view.waitSeconds === undefined ? words.remedy : fill(error.remedyWait, { wait: waitInWords(lang, view.waitSeconds) })}</p>
</div>
${startAgain && ('href' in startAgain ? html`<div class="actions"><a id="start-again" class="button" href="${url(startAgain.href)}">${error.restart}</a></div>` : startAgainForm(startAgain, error.restart))}
<dl class="facts">
${view.clientName !== undefined && html`<div><dt>${error.app}</dt><dd><bdi>${view.clientName}</bdi></dd></div>`}
<div><dt>${error.code}</dt><dd><code id="error-code" dir="ltr">${view.code}</code></dd></div>
<div><dt>${error.requestId}</dt><dd><code id="request-id" dir="ltr">${view.requestId}</code></dd></div>
<div><dt>${error.time}</dt><dd><time dir="ltr" datetime="${view.time.toISOString()}">${inUtc(view.time)}</time></dd></div>
</dl>
<p class="quiet">${error.quote}</p>`,
  )
}
