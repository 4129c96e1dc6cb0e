import { accountFaults, accountFields, type NewAccountView } from './account-fields.ts'
import { fill } from './catalogue/fill.ts'
import { type FormView, faultSummary, form } from './form.ts'
import { type Html, html, url } from './html.ts'
import { badge } from './mark.ts'
import { type Frame, page } from './page.ts'

export interface SignUpView extends FormView, NewAccountView {
  readonly client?: { readonly name: string; readonly logo?: string }
  readonly signInHref?: string
}

/** Makes an account; with an invitation, for its address alone. */
export function signUpPage(view: SignUpView, frame: Frame): Html {
  const { words } = frame
  const faults = accountFaults(view, words)
  return page(
    frame,
    { title: words.signUp.title, isFault: faults.length > 0 },
    html`${view.client && badge(view.client.name, view.client.logo)}
<h1>${words.signUp.title}</h1>
${view.client && html`<p class="lead">${fill(words.signIn.continueTo, { client: html`<strong><bdi>${view.client.name}</bdi></strong>` })}</p>`}
${faultSummary(words, faults)}
${view.isEmailFixed === true && view.email !== undefined && html`<p>${fill(words.signUp.invited, { email: view.email })}</p>`}
${form(
  view,
  'sign-up-form',
  html`${accountFields(view, words)}
<div class="actions"><button id="sign-up" type="submit" class="primary">${words.signUp.submit}</button></div>`,
)}
${view.signInHref !== undefined && html`<div class="links"><p>${words.signUp.haveAccount} <a id="sign-in" href="${url(view.signInHref)}">${words.signUp.signIn}</a></p></div>`}`,
  )
}
