import { accountFaults, accountFields, type NewAccountView } from './account-fields.ts'
import { fill } from './catalogue/fill.ts'
import { type FormView, faultSummary, form } from './form.ts'
import { type Html, html, url } from './html.ts'
import { type Frame, page } from './page.ts'

/** Where the one-time link leads: to the form, to its success, or to why it no longer works. */
export type FirstAdministratorView =
  | ({ readonly state: 'form' } & FormView & NewAccountView)
  | { readonly state: 'done'; readonly username: string; readonly signInHref?: string }
  /** Too old, used up or never made. `command` makes a new link when typed on the server. */
  | { readonly state: 'expired'; readonly command: string }

/** Makes the account that may do everything. design.md §11 */
export function firstAdministratorPage(view: FirstAdministratorView, frame: Frame): Html {
  const { words } = frame
  const { firstAdministrator: texts } = words
  switch (view.state) {
    case 'form': {
      const faults = accountFaults(view, words)
      return page(
        frame,
        { title: texts.title, isFault: faults.length > 0 },
        html`<h1>${texts.title}</h1>
${faultSummary(words, faults)}
<p>${texts.intro}</p>
${form(
  view,
  'first-administrator-form',
  html`${accountFields(view, words)}
<div class="actions"><button id="make-administrator" type="submit" class="primary">${texts.submit}</button></div>`,
)}`,
      )
    }
    case 'done':
      return page(
        frame,
        { title: texts.done },
        html`<h1>${texts.done}</h1>
<p>${fill(texts.doneMeaning, { username: html`<strong><bdi>${view.username}</bdi></strong>` })}</p>
${view.signInHref !== undefined && html`<div class="actions"><a id="sign-in" class="button primary" href="${url(view.signInHref)}">${texts.signIn}</a></div>`}`,
      )
    case 'expired':
      return page(
        frame,
        { title: texts.expired, isFault: true },
        html`<h1>${texts.expired}</h1>
<p>${texts.expiredMeaning}</p>
<pre dir="ltr"><code id="command">${view.command}</code></pre>
<p>${texts.expiredWarning}</p>`,
      )
  }
}
