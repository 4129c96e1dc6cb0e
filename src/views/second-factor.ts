import { fill } from './catalogue/fill.ts'
import type { Catalogue } from './catalogue/index.ts'
import { type CodeFault, codeFaults, recoveryCodeField, totpField } from './code-field.ts'
import { type FormView, faultSummary, form } from './form.ts'
import { type Html, html, url } from './html.ts'
import { badge } from './mark.ts'
import { type Frame, page } from './page.ts'

interface CodePageView extends FormView {
  readonly client?: { readonly name: string; readonly logo?: string }
  readonly fault?: CodeFault | undefined
  /** Who has given the password, and where "not you?" posts to. */
  readonly account?: { readonly name: string; readonly switchAction?: string }
}

export interface SecondFactorView extends CodePageView {
  /** The names of the authenticators, any of which will do. */
  readonly authenticators: readonly string[]
  readonly recoveryHref?: string | undefined
}

/** Asks for a code of an authenticator, after the password. RFC 6238 */
export function secondFactorPage(view: SecondFactorView, frame: Frame): Html {
  const { words } = frame
  const texts = words.secondFactor
  const faults = codeFaults(view.fault, texts, words)
  return page(
    frame,
    { title: texts.title, isFault: faults.length > 0, isAccountStyled: true },
    html`${view.client && badge(view.client.name, view.client.logo)}
<h1>${texts.title}</h1>
${faultSummary(words, faults)}
${introduction(view.authenticators, words)}
${form(
  view,
  'second-factor-form',
  html`${totpField({ label: texts.code, faults })}
<div class="actions"><button id="verify" type="submit" class="primary">${texts.submit}</button></div>`,
)}
${links(view, view.recoveryHref !== undefined && html`<p><a id="use-recovery" href="${url(view.recoveryHref)}">${texts.useRecovery}</a></p>`, words)}`,
  )
}

function introduction(authenticators: readonly string[], { secondFactor: texts }: Catalogue): Html {
  const [first] = authenticators
  if (first === undefined) return html`<p>${texts.intro}</p>`
  if (authenticators.length === 1) {
    return html`<p>${fill(texts.introFor, { authenticator: html`<strong><bdi>${first}</bdi></strong>` })}</p>`
  }
  return html`<p>${texts.introAny}</p>
<ul id="authenticators" class="plain">${authenticators.map((name) => html`<li><bdi>${name}</bdi></li>`)}</ul>`
}

export interface RecoveryCodeView extends CodePageView {
  /** Back to the authenticator's code. */
  readonly authenticatorHref?: string
}

/** Asks for a recovery code in the authenticator's place. Does not tell how many are left: who asks is not proved yet. */
export function recoveryCodePage(view: RecoveryCodeView, frame: Frame): Html {
  const { words } = frame
  const texts = words.recoveryCode
  const faults = codeFaults(view.fault, texts, words)
  return page(
    frame,
    { title: texts.title, isFault: faults.length > 0, isAccountStyled: true },
    html`${view.client && badge(view.client.name, view.client.logo)}
<h1>${texts.title}</h1>
${faultSummary(words, faults)}
<p>${texts.intro}</p>
${form(
  view,
  'recovery-code-form',
  html`${recoveryCodeField({ label: texts.code, hint: html`${texts.hint}`, faults })}
<div class="actions"><button id="verify" type="submit" class="primary">${texts.submit}</button></div>`,
)}
${links(view, view.authenticatorHref !== undefined && html`<p><a id="use-authenticator" href="${url(view.authenticatorHref)}">${texts.useAuthenticator}</a></p>`, words)}`,
  )
}

/** The other way in, and the way out for who is not that account. */
const links = (view: CodePageView, otherWay: Html | false, { secondFactor: texts }: Catalogue): Html | false =>
  (otherWay !== false || view.account !== undefined) &&
  html`<div class="links">
${otherWay}
${
  view.account &&
  html`<div id="account" class="account"><p>${fill(texts.signedInAs, { account: html`<strong><bdi>${view.account.name}</bdi></strong>` })}</p>
${view.account.switchAction !== undefined && form({ ...view, action: view.account.switchAction }, 'switch-account-form', html`<button id="switch-account" type="submit" class="link">${texts.notYou}</button>`)}</div>`
}
</div>`
