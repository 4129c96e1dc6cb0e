import { fill, waitInWords } from './catalogue/fill.ts'
import type { Catalogue } from './catalogue/index.ts'
import { type Fault, type FormView, faultSummary, field, form } from './form.ts'
import { type Html, html, url } from './html.ts'
import { badge } from './mark.ts'
import { type Frame, page } from './page.ts'

/** Why a sign-in did not happen. `refused` is one answer for an unknown user, a wrong password and a closed account. */
export type SignInFault =
  | { readonly kind: 'refused' }
  | { readonly kind: 'missing'; readonly fields: ReadonlyArray<'username' | 'password'> }
  | { readonly kind: 'wait'; readonly seconds: number }

export interface SignInView extends FormView {
  /** The app that asks; absent when someone signs in here for our own pages. */
  readonly client?: { readonly name: string; readonly logo?: string }
  /** The person is signed in already, and shows once more that it is them. */
  readonly isFresh?: boolean
  /** What was typed, or the request's `login_hint`. */
  readonly username?: string
  readonly fault?: SignInFault
  readonly forgotPasswordHref?: string
  readonly signUpHref?: string
}

/** Asks for a name and a password. OIDC Core §3.1.2.3 */
export function signInPage(view: SignInView, frame: Frame): Html {
  const { words } = frame
  const faults = view.fault ? faultsOf(view.fault, words) : []
  const faultsAt = (name: string) =>
    view.fault?.kind === 'missing' ? faults.filter((fault) => fault.field === name).map(({ text }) => text) : []
  const wrongBecauseOf = view.fault?.kind === 'refused' && 'fault'
  const isFocused = faults.length === 0
  return page(
    frame,
    { title: words.signIn.title, isFault: faults.length > 0 },
    html`${view.client && badge(view.client.name, view.client.logo)}
<h1>${words.signIn.title}</h1>
${view.client && html`<p class="lead">${fill(words.signIn.continueTo, { client: html`<strong><bdi>${view.client.name}</bdi></strong>` })}</p>`}
${view.isFresh && html`<p class="lead">${words.signIn.fresh}</p>`}
${faultSummary(words, faults)}
${form(
  view,
  'sign-in-form',
  html`${field({
    name: 'username',
    label: words.fields.usernameOrEmail,
    type: 'text',
    autocomplete: 'username',
    value: view.username,
    faults: faultsAt('username'),
    wrongBecauseOf,
    isFocused: isFocused && view.username === undefined,
  })}
${field({
  name: 'password',
  label: words.fields.password,
  type: 'password',
  autocomplete: 'current-password',
  faults: faultsAt('password'),
  wrongBecauseOf,
  isFocused: isFocused && view.username !== undefined,
  reveal: words.fields.showPassword,
})}
<div class="actions"><button id="sign-in" type="submit" class="primary">${words.signIn.submit}</button></div>`,
)}
${(view.forgotPasswordHref !== undefined || view.signUpHref !== undefined) && links(view, words)}`,
  )
}

const links = (view: SignInView, words: Catalogue): Html => html`<div class="links">
${view.forgotPasswordHref !== undefined && html`<p><a id="forgot-password" href="${url(view.forgotPasswordHref)}">${words.signIn.forgot}</a></p>`}
${view.signUpHref !== undefined && html`<p>${words.signIn.newHere} <a id="sign-up" href="${url(view.signUpHref)}">${words.signIn.signUp}</a></p>`}
</div>`

function faultsOf(fault: SignInFault, words: Catalogue): readonly Fault[] {
  switch (fault.kind) {
    case 'refused':
      return [{ text: words.signIn.refused, field: 'username' }]
    case 'wait':
      return [{ text: fill(words.fault.wait, { wait: waitInWords(words.lang, fault.seconds) }) }]
    case 'missing':
      return fault.fields.map((name) => ({
        text: name === 'username' ? words.fault.usernameOrEmailMissing : words.fault.passwordMissing,
        field: name,
      }))
  }
}
