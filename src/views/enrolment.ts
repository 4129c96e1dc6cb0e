import { fill } from './catalogue/fill.ts'
import type { Catalogue } from './catalogue/index.ts'
import { type CodeFault, codeFaults, totpField } from './code-field.ts'
import { type FormView, faultSummary, field, form } from './form.ts'
import { type Html, html, url } from './html.ts'
import { badge } from './mark.ts'
import { type Frame, page } from './page.ts'
import { type QrModules, qrSvg } from './qr.ts'

interface EnrolmentView extends FormView {
  readonly client?: { readonly name: string; readonly logo?: string }
  /** Recovery codes follow the first authenticator: three steps then, else two. */
  readonly isFirst: boolean
  /** Absent when the policy leaves no way around it. */
  readonly cancelHref?: string | undefined
}

export interface EnrolStartView extends EnrolmentView {
  readonly reason: 'policy' | 'wish'
}

/** The longest name of an authenticator, in UTF-16 units as a browser counts them. */
export const LONGEST_AUTHENTICATOR_NAME = 64

/** Says why, asks for a name, and begins: opening it changes nothing. */
export function enrolStartPage(view: EnrolStartView, frame: Frame): Html {
  const { words } = frame
  const texts = words.enrolment
  return page(
    frame,
    { title: texts.startTitle, isAccountStyled: true },
    html`${view.client && badge(view.client.name, view.client.logo)}
${step(1, view.isFirst, words)}
<h1>${texts.startTitle}</h1>
<p>${texts[view.reason]}</p>
<p>${texts.need}</p>
${form(
  view,
  'enrolment-form',
  html`${field({
    name: 'name',
    label: texts.name,
    type: 'text',
    autocomplete: 'off',
    value: texts.defaultName,
    hint: html`${texts.nameHint}`,
    maxLength: LONGEST_AUTHENTICATOR_NAME,
  })}
<div class="actions"><button id="start-enrolment" type="submit" class="primary">${texts.start}</button></div>`,
)}
${cancel(view, words)}`,
  )
}

export interface EnrolScanView extends EnrolmentView {
  readonly modules: QrModules
  /** In base32. */
  readonly secret: string
  /** The `otpauth:` address that the QR code holds. */
  readonly uri: string
  readonly fault?: CodeFault | undefined
}

/** Shows the key, as a QR code and as text, and asks for the first code as proof that it arrived. */
export function enrolScanPage(view: EnrolScanView, frame: Frame): Html {
  const { words } = frame
  const texts = words.enrolment
  const faults = codeFaults(view.fault, { refused: texts.refused, missing: words.secondFactor.missing }, words)
  return page(
    frame,
    { title: texts.scanTitle, isFault: faults.length > 0, isAccountStyled: true },
    html`${step(2, view.isFirst, words)}
<h1>${texts.scanTitle}</h1>
${faultSummary(words, faults)}
<p>${texts.scan}</p>
${qrSvg(view.modules, texts.qr)}
<p class="centred"><a id="open-authenticator" href="${url(view.uri, ['otpauth'])}">${texts.sameDevice}</a></p>
<details id="by-hand"><summary>${texts.byHand}</summary>
<p class="quiet">${texts.keyMeaning}</p>
<p><code id="key" class="key" dir="ltr">${view.secret.match(/.{1,4}/g)?.map((group) => html`<span>${group}</span> `)}</code></p></details>
${form(
  view,
  'confirm-enrolment-form',
  html`${totpField({ label: texts.code, hint: html`${texts.codeHint}`, faults, isFocused: false })}
<div class="actions"><button id="confirm-enrolment" type="submit" class="primary">${texts.confirm}</button></div>`,
)}
${cancel(view, words)}`,
  )
}

export interface RecoveryCodesView extends FormView {
  readonly codes: readonly string[]
  /** Answers the codes as a text file. */
  readonly downloadHref: string
  /** They end an enrolment; otherwise they replace older ones. */
  readonly isEnrolment: boolean
  /** It was sent without saying that they are saved. */
  readonly isUnsaved?: boolean
}

/** Shows new recovery codes until their owner says that they are saved. */
export function recoveryCodesPage(view: RecoveryCodesView, frame: Frame): Html {
  const { words } = frame
  const texts = words.recoveryCodes
  const faults = view.isUnsaved ? [{ text: texts.unsaved, field: 'saved' }] : []
  return page(
    frame,
    { title: texts.title, isFault: faults.length > 0, isAccountStyled: true },
    html`${view.isEnrolment && step(3, true, words)}
<h1>${texts.title}</h1>
${faultSummary(words, faults)}
<p>${texts.meaning} ${texts.place} <strong>${texts.once}</strong></p>
<ol id="recovery-codes" class="codes" aria-label="${texts.list}">${view.codes.map((code) => html`<li><code dir="ltr">${code}</code></li>`)}</ol>
<div class="actions row tools">
<a id="download-codes" class="button" href="${url(view.downloadHref)}" download="recovery-codes.txt">${texts.download}</a>
<button id="copy-codes" type="button" hidden data-copies="recovery-codes" data-tells="copied">${texts.copy}</button>
<button id="print-codes" type="button" hidden data-prints>${texts.print}</button>
</div>
<p id="copied" class="quiet centred" role="status" data-text="${texts.copied}"></p>
${form(
  view,
  'recovery-codes-form',
  html`<div class="check"><input id="saved" name="saved" type="checkbox" value="yes" required aria-invalid="${view.isUnsaved && 'true'}" aria-describedby="${view.isUnsaved && 'fault'}"><label for="saved">${texts.saved}</label></div>
<div class="actions"><button id="codes-saved" type="submit" class="primary">${texts.submit}</button></div>`,
)}`,
  )
}

const step = (number: number, isFirst: boolean, { enrolment }: Catalogue): Html =>
  html`<p class="step">${fill(enrolment.step, { number, of: isFirst ? 3 : 2 })}</p>`

const cancel = (view: EnrolmentView, { enrolment }: Catalogue): Html | false =>
  view.cancelHref !== undefined &&
  html`<div class="links"><p><a id="cancel" href="${url(view.cancelHref)}">${enrolment.cancel}</a></p></div>`
