import { fill, fillText } from './catalogue/fill.ts'
import type { Catalogue } from './catalogue/index.ts'
import { type FormView, form } from './form.ts'
import { type Html, html } from './html.ts'
import { badge } from './mark.ts'
import { type Frame, page } from './page.ts'
import { type ScopeView, scopeList } from './scopes.ts'

/** Why someone should look twice: nothing proves who stands behind the address. */
export type ConsentWarning = keyof Pick<Catalogue['consent'], 'loopback' | 'selfRegistered'>

export interface ConsentView extends FormView {
  readonly client: { readonly name: string; readonly logo?: string }
  readonly redirectUri: string
  /** The host of the redirect URI; absent for a private-use scheme, which leads to an app on the device. */
  readonly redirectHost?: string
  /** The signed-in person, as they know themselves here. */
  readonly account: string
  /** Where "not you?" posts to. */
  readonly switchAccountAction: string
  readonly scopes: readonly ScopeView[]
  readonly warnings?: readonly ConsentWarning[]
}

/** Asks the user whether the client may have what it asked for. OIDC Core §3.1.2.4 */
export function consentPage(view: ConsentView, frame: Frame): Html {
  const { words } = frame
  const client = html`<strong><bdi>${view.client.name}</bdi></strong>`
  const { warnings = [] } = view
  return page(
    frame,
    { title: fillText(words.consent.title, { client: view.client.name }) },
    html`${badge(view.client.name, view.client.logo)}
<h1>${fill(words.consent.title, { client: view.client.name })}</h1>
${warnings.length > 0 && html`<section class="warning" aria-labelledby="warning-title"><h2 id="warning-title">${words.consent.warning}</h2>${warnings.map((warning) => html`<p>${words.consent[warning]}</p>`)}</section>`}
<p>${fill(words.consent.intro, { client })}</p>
${scopeList(view.scopes, words, 'scopes')}
${form(
  view,
  'consent-form',
  html`<div class="actions pair">
<button id="allow" type="submit" name="decision" value="allow">${words.consent.allow}</button>
<button id="deny" type="submit" name="decision" value="deny">${words.consent.deny}</button>
</div>`,
)}
<div class="after">
<div id="account" class="account"><p>${fill(words.consent.signedInAs, { account: html`<strong><bdi>${view.account}</bdi></strong>` })}</p>
${form({ ...view, action: view.switchAccountAction }, 'switch-account-form', html`<button id="switch-account" type="submit" class="link">${words.consent.notYou}</button>`)}</div>
<p id="return-to">${view.redirectHost === undefined ? words.consent.returnToApp : fill(words.consent.returnTo, { host: html`<strong dir="ltr">${view.redirectHost}</strong>` })}</p>
<details><summary>${words.consent.wholeAddress}</summary><code id="redirect-uri" dir="ltr">${view.redirectUri}</code></details>
</div>`,
  )
}
