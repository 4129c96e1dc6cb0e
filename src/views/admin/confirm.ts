import type { FieldFault } from '../../administration/refused.ts'
import { type FormView, form } from '../form.ts'
import { type Html, html, url } from '../html.ts'
import type { Frame } from '../page.ts'
import { type AdminFrameView, type AdminSection, adminPage } from './frame.ts'
import { faultsAt, refusal, textBox } from './parts.ts'

/** A step that is asked again, for what it does. */
export interface ConfirmView extends AdminFrameView, FormView {
  readonly section: AdminSection
  readonly title: string
  /** What it does, in words. */
  readonly meaning: string
  readonly button: string
  /** The page to go back to, and its name. */
  readonly back: { readonly href: string; readonly name: string }
  /** What has to be typed before it is done. */
  readonly mustType?: string | undefined
  readonly command?: string | undefined
  readonly refused?: { readonly message: string; readonly faults: readonly FieldFault[] } | undefined
}

/** Asks before something that cannot be taken back, without script. */
export const confirmPage = (view: ConfirmView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: view.section,
      title: view.title,
      isFault: view.refused !== undefined,
      above: view.back,
      ...(view.command === undefined ? {} : { command: view.command }),
    },
    html`${refusal(view.refused)}
<p>${view.meaning}</p>
${form(
  view,
  'confirm-form',
  html`${view.mustType !== undefined && textBox({ name: 'confirm', label: html`Type <bdi>${view.mustType}</bdi> to go on`, isRequired: true, faults: faultsAt(view.refused?.faults ?? [], 'confirm') })}
<div class="actions row"><button id="confirm" type="submit" class="danger">${view.button}</button>
<a class="button" href="${url(view.back.href)}">Cancel</a></div>`,
)}`,
  )
