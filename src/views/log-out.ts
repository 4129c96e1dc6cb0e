import { fill } from './catalogue/fill.ts'
import { type FormView, form } from './form.ts'
import { type Html, html, url } from './html.ts'
import { badge } from './mark.ts'
import { type Frame, page } from './page.ts'

export interface LogOutView extends FormView {
  /** The app that asks, where an id token hint proved it. */
  readonly client?: { readonly name: string; readonly logo?: string }
  readonly account?: string
}

/** Asks before a session ends, because the request proved nothing about who sent it. OIDC RP-Initiated Logout §2 */
export function logOutPage(view: LogOutView, frame: Frame): Html {
  const { words } = frame
  return page(
    frame,
    { title: words.logOut.title },
    html`${view.client && badge(view.client.name, view.client.logo)}
<h1>${words.logOut.title}</h1>
${view.client && html`<p>${fill(words.logOut.asked, { client: html`<strong><bdi>${view.client.name}</bdi></strong>` })}</p>`}
${view.account !== undefined && html`<p>${fill(words.logOut.account, { account: html`<strong><bdi>${view.account}</bdi></strong>` })}</p>`}
<p>${view.client ? words.logOut.meaning : words.logOut.meaningAlone}</p>
${form(view, 'log-out-form', html`<div class="actions"><button id="log-out" type="submit" name="decision" value="allow" class="primary">${view.client ? words.logOut.submit : words.logOut.submitAlone}</button></div>`)}
<p class="quiet">${words.logOut.otherwise}</p>`,
  )
}

export interface SignedOutView {
  readonly clientName?: string
  readonly signInHref?: string
}

/** Says that the session is over. */
export function signedOutPage(view: SignedOutView, frame: Frame): Html {
  const { words } = frame
  return page(
    frame,
    { title: words.signedOut.title },
    html`<h1>${words.signedOut.title}</h1>
<p>${view.clientName === undefined ? words.signedOut.meaning : fill(words.signedOut.meaningFor, { client: view.clientName })}</p>
<p>${words.signedOut.shared}</p>
${view.signInHref !== undefined && html`<div class="actions"><a id="sign-in" class="button" href="${url(view.signInHref)}">${words.signedOut.signIn}</a></div>`}`,
  )
}
