import { fill } from '../catalogue/fill.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { when } from '../catalogue/time.ts'
import { type FormView, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import type { Frame } from '../page.ts'
import { deviceInWords } from './device.ts'
import { type AccountFrameView, accountPageOf } from './frame.ts'

export interface SessionView {
  readonly id: string
  readonly userAgent: string
  /** The network prefix. */
  readonly address: string
  readonly createdAt: Date
  readonly lastSeenAt: Date
  readonly isCurrent: boolean
}

/** Each form sends `do`: `end` (with `id`) or `end-all`. */
export interface SessionsView extends AccountFrameView, FormView {
  readonly now: Date
  /** This device first. */
  readonly sessions: readonly SessionView[]
}

/** The browsers that are signed in. */
export function sessionsPage(view: SessionsView, frame: Frame): Html {
  const { words } = frame
  const { sessions: texts } = words
  return accountPageOf(
    view,
    frame,
    { section: 'sessions', title: texts.title },
    html`<p>${texts.meaning}</p>
<ul id="sessions" class="entries">${view.sessions.map((session) => entry(session, view, words))}</ul>
<h2>${texts.everywhereTitle}</h2>
<p>${texts.everywhereMeaning}</p>
${form(view, 'end-all-form', html`<div class="actions row"><button id="end-all" type="submit" name="do" value="end-all" class="danger">${texts.everywhere}</button></div>`)}`,
  )
}

const entry = (session: SessionView, view: SessionsView, words: Catalogue): Html => {
  const { sessions: texts } = words
  const { id } = session
  return html`<li data-session="${id}" class="beside">
<div>
<h2 id="session-${id}"><bdi>${deviceInWords(session.userAgent, words)}</bdi>${session.isCurrent && html` <span class="tag">${texts.here}</span>`}</h2>
<p class="quiet">${fill(texts.lastSeen, { when: when(words, session.lastSeenAt, view.now) })} · ${fill(texts.since, { when: when(words, session.createdAt, view.now) })}<br>${fill(texts.address, { address: html`<span dir="ltr">${session.address}</span>` })}</p>
</div>
${
  !session.isCurrent &&
  form(
    view,
    `end-${id}-form`,
    html`<input type="hidden" name="id" value="${id}">
<button id="end-${id}" type="submit" name="do" value="end" aria-labelledby="end-${id} session-${id}">${texts.end}</button>`,
  )
}
</li>`
}
