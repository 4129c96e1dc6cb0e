import { fill } from './catalogue/fill.ts'
import { type Html, html, url } from './html.ts'
import { type Frame, page } from './page.ts'

/** For who made an account without an app that waits for them. */
export const accountReadyPage = (
  { username, accountHref }: { readonly username: string; readonly accountHref: string },
  frame: Frame,
): Html => {
  const { accountReady: words } = frame.words
  return page(
    frame,
    { title: words.title },
    html`<h1>${words.title}</h1>
<p>${fill(words.meaning, { username: html`<strong><bdi>${username}</bdi></strong>` })}</p>
<div class="actions"><a id="to-account" class="button" href="${url(accountHref)}">${frame.words.account.title}</a></div>`,
  )
}
