import { formPoster } from './assets.ts'
import { type Html, html, url } from './html.ts'
import { assetUrl, type Frame, page } from './page.ts'

export interface FormPostView {
  /** The client's redirect URI: https, or http on loopback, where alone http can be registered. */
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

/**
 * Carries an authorization response in a form's body: a script of ours submits it, and without script its button does.
 * OAuth 2.0 Form Post Response Mode §2. Does not check that the address is registered: a `ReturnAddress` does.
 */
export function formPostPage(view: FormPostView, frame: Frame): Html {
  const { formPost: words } = frame.words
  return page(
    frame,
    { title: words.title, script: assetUrl(frame, formPoster) },
    html`<h1>${words.title}</h1>
<p>${words.meaning}</p>
<form id="form-post" method="post" action="${url(view.action, ['http'])}">
${Object.entries(view.fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<div class="actions"><button id="continue" type="submit" class="primary">${words.submit}</button></div>
</form>`,
  )
}
