import { type FormView, faultSummary, field, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import type { Frame } from '../page.ts'
import {
  type NewPasswordFault,
  type NewPasswordView,
  newPasswordFaults,
  newPasswordField,
  passwordOwner,
  waitFault,
} from '../password-fields.ts'
import { type AccountFrameView, accountPageOf } from './frame.ts'

export interface PasswordView extends AccountFrameView, FormView, NewPasswordView {
  readonly username: string
  readonly faults?: {
    readonly current?: 'missing' | 'wrong'
    readonly password?: NewPasswordFault
    readonly waitSeconds?: number
  }
}

/** Changes the password, for who knows the present one. */
export function passwordPage(view: PasswordView, frame: Frame): Html {
  const { words } = frame
  const { passwordChange: texts } = words
  const { faults: found = {} } = view
  const current =
    found.current === undefined ? [] : [found.current === 'missing' ? texts.currentMissing : texts.currentWrong]
  const fresh = newPasswordFaults(found.password, view, words)
  const faults = [
    ...waitFault(found.waitSeconds, words),
    ...current.map((text) => ({ text, field: 'current' })),
    ...fresh.map((text) => ({ text, field: 'password' })),
  ]
  return accountPageOf(
    view,
    frame,
    { section: 'password', title: texts.title, isFault: faults.length > 0 },
    html`${faultSummary(words, faults)}
<p>${texts.meaning}</p>
${form(
  view,
  'password-form',
  html`${passwordOwner(view.username)}
${field({
  name: 'current',
  label: texts.current,
  type: 'password',
  autocomplete: 'current-password',
  faults: current,
  reveal: words.fields.showPassword,
})}
${newPasswordField(view, texts.fresh, fresh, words)}
<div class="actions row"><button id="change-password" type="submit" class="primary">${texts.submit}</button></div>`,
)}`,
  )
}
