import { fill, waitInWords } from './catalogue/fill.ts'
import { type FormView, faultSummary, field, form } from './form.ts'
import { type Html, html, url } from './html.ts'
import { type Frame, page } from './page.ts'
import {
  type NewPasswordFault,
  type NewPasswordView,
  newPasswordFaults,
  newPasswordField,
  passwordOwner,
  waitFault,
} from './password-fields.ts'

export interface ForgotPasswordView extends FormView {
  /** What was typed. */
  readonly login?: string
  readonly fault?: { readonly kind: 'missing' } | { readonly kind: 'wait'; readonly seconds: number }
  readonly signInHref?: string
}

/** Asks who forgot a password. */
export function forgotPasswordPage(view: ForgotPasswordView, frame: Frame): Html {
  const { words } = frame
  const { forgotPassword: texts } = words
  const missing = view.fault?.kind === 'missing' ? [words.fault.usernameOrEmailMissing] : []
  const faults = [
    ...waitFault(view.fault?.kind === 'wait' ? view.fault.seconds : undefined, words),
    ...missing.map((text) => ({ text, field: 'login' })),
  ]
  return page(
    frame,
    { title: texts.title, isFault: faults.length > 0 },
    html`<h1>${texts.title}</h1>
${faultSummary(words, faults)}
<p>${texts.meaning}</p>
${form(
  view,
  'forgot-password-form',
  html`${field({
    name: 'login',
    label: words.fields.usernameOrEmail,
    type: 'text',
    autocomplete: 'username',
    value: view.login,
    faults: missing,
    isFocused: faults.length === 0,
  })}
<div class="actions"><button id="send-link" type="submit" class="primary">${texts.submit}</button></div>`,
)}
${view.signInHref !== undefined && html`<div class="links"><p><a id="sign-in" href="${url(view.signInHref)}">${texts.back}</a></p></div>`}`,
  )
}

export interface ResetSentView {
  readonly lifetimeSeconds: number
  readonly againHref: string
  readonly signInHref?: string
  /** Where mails wait when there is no mail server. */
  readonly outboxHref?: string
}

/** The same page whether there is such an account or not. */
export function resetSentPage(view: ResetSentView, frame: Frame): Html {
  const { words } = frame
  const { forgotPassword: texts } = words
  const { outboxHref } = view
  return page(
    frame,
    { title: texts.sentTitle },
    html`<h1>${texts.sentTitle}</h1>
<p>${texts.sent} ${fill(texts.sentFor, { wait: waitInWords(words.lang, view.lifetimeSeconds) })}</p>
<p class="quiet">${texts.nothing}</p>
${
  outboxHref !== undefined &&
  html`<p>${texts.outboxMeaning}</p>
<div class="actions"><a id="outbox" class="button" href="${url(outboxHref)}">${texts.outbox}</a></div>`
}
<div class="links"><p><a id="again" href="${url(view.againHref)}">${texts.again}</a></p>
${view.signInHref !== undefined && html`<p><a id="sign-in" href="${url(view.signInHref)}">${texts.back}</a></p>`}</div>`,
  )
}

export interface ResetPasswordView extends FormView, NewPasswordView {
  /** Whose password it is: who holds the link may know. */
  readonly username: string
  readonly faults?: { readonly password?: NewPasswordFault; readonly waitSeconds?: number }
}

/** Takes a new password from who holds the link. */
export function resetPasswordPage(view: ResetPasswordView, frame: Frame): Html {
  const { words } = frame
  const { resetPassword: texts } = words
  const wrong = newPasswordFaults(view.faults?.password, view, words)
  const faults = [...waitFault(view.faults?.waitSeconds, words), ...wrong.map((text) => ({ text, field: 'password' }))]
  return page(
    frame,
    { title: texts.title, isFault: faults.length > 0 },
    html`<h1>${texts.title}</h1>
${faultSummary(words, faults)}
<p>${fill(texts.account, { account: html`<strong><bdi>${view.username}</bdi></strong>` })} ${texts.meaning}</p>
${form(
  view,
  'reset-password-form',
  html`${passwordOwner(view.username)}
${newPasswordField(view, words.passwordChange.fresh, wrong, words, faults.length === 0)}
<div class="actions"><button id="reset-password" type="submit" class="primary">${texts.submit}</button></div>`,
)}`,
  )
}

export interface ResetDoneView {
  /** The link proves the mailbox, and no second factor. */
  readonly hasSecondFactor: boolean
  readonly signInHref?: string
}

/** Says that the new password counts. It signs nobody in. */
export function resetDonePage(view: ResetDoneView, frame: Frame): Html {
  const { resetPassword: texts } = frame.words
  return page(
    frame,
    { title: texts.doneTitle },
    html`<h1>${texts.doneTitle}</h1>
<p>${texts.done} ${view.hasSecondFactor && texts.doneFactor}</p>
${view.signInHref !== undefined && html`<div class="actions"><a id="sign-in" class="button primary" href="${url(view.signInHref)}">${texts.signIn}</a></div>`}`,
  )
}

/** For a link that is used, old or unknown: they cannot be told apart. */
export function linkGonePage(view: { readonly againHref?: string }, frame: Frame): Html {
  const { linkGone: texts } = frame.words
  return page(
    frame,
    { title: texts.title, isFault: true },
    html`<div id="fault" role="alert" tabindex="-1" autofocus aria-labelledby="error-title">
<h1 id="error-title">${texts.title}</h1>
<p>${texts.meaning}</p>
</div>
${view.againHref !== undefined && html`<div class="actions"><a id="again" class="button" href="${url(view.againHref)}">${texts.again}</a></div>`}`,
  )
}
