import { fill } from './catalogue/fill.ts'
import { type FormView, form } from './form.ts'
import { type Html, html, url } from './html.ts'
import { type Frame, page } from './page.ts'

export interface VerifyEmailView extends FormView {
  readonly email: string
}

/** Where the link leads: a button, because mail scanners open every link, and opening one changes nothing. */
export function verifyEmailPage(view: VerifyEmailView, frame: Frame): Html {
  const { verifyEmail: texts } = frame.words
  return page(
    frame,
    { title: texts.title },
    html`<h1>${texts.title}</h1>
<p>${fill(texts.meaning, { email: html`<strong><bdi>${view.email}</bdi></strong>` })}</p>
${form(view, 'verify-email-form', html`<div class="actions"><button id="verify-email" type="submit" class="primary">${texts.submit}</button></div>`)}
<p class="quiet">${texts.otherwise}</p>`,
  )
}

export interface EmailVerifiedView {
  readonly email: string
  readonly continueHref?: string
}

/** Says that the address is proved. */
export function emailVerifiedPage(view: EmailVerifiedView, frame: Frame): Html {
  const { verifyEmail: texts } = frame.words
  return page(
    frame,
    { title: texts.doneTitle },
    html`<h1>${texts.doneTitle}</h1>
<p>${fill(texts.done, { email: html`<strong><bdi>${view.email}</bdi></strong>` })}</p>
${view.continueHref !== undefined && html`<div class="actions"><a id="continue" class="button primary" href="${url(view.continueHref)}">${texts.go}</a></div>`}`,
  )
}
