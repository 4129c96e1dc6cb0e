import { fill } from '../catalogue/fill.ts'
import { type FormView, faultSummary, field, form } from '../form.ts'
import { type Html, html, url } from '../html.ts'
import { type Frame, page, pathUrl } from '../page.ts'
import { waitFault } from '../password-fields.ts'
import { ACCOUNT_PATHS, ACCOUNT_SUBPATHS, type AccountFrameView, accountPageOf } from './frame.ts'

export interface DataView extends AccountFrameView {
  /** Answers everything that is kept about the user, as JSON. */
  readonly downloadHref: string
}

/** What a user may take along, and the way out. GDPR Art. 15, 17 and 20 */
export function exportPage(view: DataView, frame: Frame): Html {
  const { data: texts } = frame.words
  return accountPageOf(
    view,
    frame,
    { section: 'data', title: texts.title },
    html`<h2>${texts.export}</h2>
<p>${texts.exportMeaning}</p>
<div class="actions row"><a id="download" class="button" href="${url(view.downloadHref)}" download="account.json">${texts.download}</a></div>
<h2>${texts.delete}</h2>
<p>${texts.deleteMeaning}</p>
<p><a id="delete-account" class="danger" href="${pathUrl(frame, ACCOUNT_SUBPATHS.delete)}">${texts.deleteLink}</a></p>`,
  )
}

export interface DeleteAccountView extends AccountFrameView, FormView {
  readonly username: string
  /** Nobody else could make another: the account stays. */
  readonly isLastAdministrator?: boolean
  readonly faults?: {
    readonly username?: 'missing' | 'wrong'
    readonly password?: 'missing' | 'wrong'
    readonly waitSeconds?: number
  }
}

/** Asks twice before an account is gone for good: by its name, and by its password. */
export function deleteAccountPage(view: DeleteAccountView, frame: Frame): Html {
  const { words } = frame
  const { deleteAccount: texts } = words
  const { faults: found = {} } = view
  const usernameFaults =
    found.username === undefined ? [] : [found.username === 'missing' ? texts.usernameMissing : texts.usernameWrong]
  const passwordFaults =
    found.password === undefined
      ? []
      : [found.password === 'missing' ? words.fault.passwordMissing : texts.passwordWrong]
  const faults = [
    ...waitFault(found.waitSeconds, words),
    ...usernameFaults.map((text) => ({ text, field: 'username' })),
    ...passwordFaults.map((text) => ({ text, field: 'password' })),
  ]
  const keep = html`<a id="keep-account" class="button" href="${pathUrl(frame, ACCOUNT_PATHS.data)}">${texts.keep}</a>`
  return accountPageOf(
    view,
    frame,
    { section: 'data', title: texts.title, isFault: faults.length > 0 },
    view.isLastAdministrator
      ? html`<p id="last-administrator">${texts.lastAdministrator}</p>
<div class="actions row">${keep}</div>`
      : html`${faultSummary(words, faults)}
<p>${texts.meaning} <strong>${texts.undone}</strong> ${texts.apps}</p>
${form(
  view,
  'delete-account-form',
  html`${field({
    name: 'username',
    label: fill(texts.confirm, { username: html`<code><bdi>${view.username}</bdi></code>` }),
    type: 'text',
    autocomplete: 'off',
    faults: usernameFaults,
  })}
${field({
  name: 'password',
  label: words.fields.password,
  type: 'password',
  autocomplete: 'current-password',
  faults: passwordFaults,
  reveal: words.fields.showPassword,
})}
<div class="actions row"><button id="delete-account" type="submit" class="danger">${texts.submit}</button>${keep}</div>`,
)}`,
  )
}

/** Says that an account is gone. */
export const accountDeletedPage = (frame: Frame): Html => {
  const { deleteAccount: texts } = frame.words
  return page(frame, { title: texts.done }, html`<h1>${texts.done}</h1>\n<p>${texts.doneMeaning}</p>`)
}
