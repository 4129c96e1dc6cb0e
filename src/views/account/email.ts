import type { EmailFault } from '../account-fields.ts'
import { fill } from '../catalogue/fill.ts'
import { type FormView, faultSummary, field, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import type { Frame } from '../page.ts'
import { waitFault } from '../password-fields.ts'
import { type AccountFrameView, accountPageOf } from './frame.ts'

/** Each form sends `do`: `change` (with `email`), `resend` or `cancel`. */
export interface EmailView extends AccountFrameView, FormView {
  readonly email?: string | undefined
  readonly isVerified: boolean
  /** The address whose link has not been opened yet. */
  readonly pending?: string | undefined
  /** What was typed. */
  readonly typed?: string | undefined
  readonly faults?: { readonly email?: EmailFault | 'same'; readonly waitSeconds?: number }
}

/** Changes the email address; the new one is proved by a link, the old one is told. */
export function emailPage(view: EmailView, frame: Frame): Html {
  const { words } = frame
  const { emailChange: texts } = words
  const found = view.faults?.email
  const wrong = found === undefined ? [] : [found === 'same' ? texts.same : words.fault.email[found]]
  const faults = [...waitFault(view.faults?.waitSeconds, words), ...wrong.map((text) => ({ text, field: 'email' }))]
  return accountPageOf(
    view,
    frame,
    { section: 'profile', title: texts.title, isFault: faults.length > 0 },
    html`${faultSummary(words, faults)}
<p>${view.email === undefined ? texts.none : fill(texts.now, { email: html`<strong><bdi>${view.email}</bdi></strong>` })} ${view.email !== undefined && !view.isVerified && texts.unverified}</p>
${view.email !== undefined && !view.isVerified && form(view, 'resend-form', html`<div class="actions row"><button id="resend" type="submit" name="do" value="resend">${texts.resend}</button></div>`)}
${
  view.pending !== undefined &&
  html`<section id="pending" class="panel"><p>${fill(texts.pending, { email: html`<strong><bdi>${view.pending}</bdi></strong>` })}</p>
${form(view, 'cancel-form', html`<button id="cancel-change" type="submit" name="do" value="cancel">${texts.cancel}</button>`)}</section>`
}
${form(
  view,
  'email-form',
  html`${field({
    name: 'email',
    label: texts.fresh,
    type: 'email',
    autocomplete: 'email',
    value: view.typed,
    hint: html`${texts.hint}`,
    faults: wrong,
  })}
<div class="actions row"><button id="change-email" type="submit" name="do" value="change" class="primary">${texts.submit}</button></div>`,
)}`,
  )
}
