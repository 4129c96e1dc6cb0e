import { fill } from '../catalogue/fill.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { when } from '../catalogue/time.ts'
import { type FormView, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import { badge } from '../mark.ts'
import type { Frame } from '../page.ts'
import { type ScopeView, scopeList } from '../scopes.ts'
import { type AccountFrameView, accountPageOf } from './frame.ts'

export interface AppView {
  readonly clientId: string
  readonly name: string
  readonly logo?: string
  readonly scopes: readonly ScopeView[]
  readonly since: Date
  readonly lastUsedAt?: Date | undefined
}

/** Each form sends `do=revoke` with the client's `id`. */
export interface AppsView extends AccountFrameView, FormView {
  readonly now: Date
  readonly apps: readonly AppView[]
}

/** The apps that a user has allowed something. */
export function appsPage(view: AppsView, frame: Frame): Html {
  const { words } = frame
  const { apps: texts } = words
  return accountPageOf(
    view,
    frame,
    { section: 'apps', title: texts.title },
    view.apps.length === 0
      ? html`<p id="no-apps">${texts.none}</p>`
      : html`<p>${texts.meaning}</p>
<ul id="apps" class="entries">${view.apps.map((app, place) => entry(app, place, view, words))}</ul>`,
  )
}

/** A client's id may hold anything, so its place in the list names the elements. */
const entry = (app: AppView, place: number, view: AppsView, words: Catalogue): Html => {
  const { apps: texts } = words
  return html`<li data-client="${app.clientId}" class="beside">
<div class="app">
${badge(app.name, app.logo)}
<div>
<h2 id="app-${place}"><bdi>${app.name}</bdi></h2>
<p class="quiet">${fill(texts.since, { when: when(words, app.since, view.now) })}${app.lastUsedAt && html` · ${fill(texts.lastUsed, { when: when(words, app.lastUsedAt, view.now) })}`}</p>
<details><summary id="scopes-of-${place}" aria-labelledby="scopes-of-${place} app-${place}">${texts.scopes}</summary>${scopeList(app.scopes, words)}</details>
</div>
</div>
${form(
  view,
  `revoke-${place}-form`,
  html`<input type="hidden" name="id" value="${app.clientId}">
<button id="revoke-${place}" type="submit" name="do" value="revoke" aria-labelledby="revoke-${place} app-${place}">${texts.revoke}</button>`,
)}
</li>`
}
