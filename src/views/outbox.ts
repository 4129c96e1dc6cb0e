import type { Catalogue } from './catalogue/index.ts'
import { inUtc } from './catalogue/time.ts'
import { type Html, html, url, type Value } from './html.ts'
import { type Frame, page } from './page.ts'

export interface OutboxMail {
  readonly subject: string
  readonly to: string
  readonly time: Date
}

export interface OutboxView {
  /** The newest first. */
  readonly mails: ReadonlyArray<OutboxMail & { readonly href: string }>
}

/** The mails that nobody sent, where no mail server is set up. */
export function outboxPage(view: OutboxView, frame: Frame): Html {
  const { outbox: texts } = frame.words
  return page(
    frame,
    { title: texts.title, shape: 'wide', isAccountStyled: true },
    html`<h1>${texts.title}</h1>
<p>${texts.meaning}</p>
${
  view.mails.length === 0
    ? html`<p id="no-mails">${texts.none}</p>`
    : html`<table id="mails"><thead><tr><th scope="col">${texts.subject}</th><th scope="col">${texts.to}</th><th scope="col">${texts.time}</th></tr></thead>
<tbody>${view.mails.map((mail) => html`<tr><th scope="row"><a href="${url(mail.href)}"><bdi>${mail.subject}</bdi></a></th><td data-label="${texts.to}"><bdi>${mail.to}</bdi></td><td data-label="${texts.time}">${timeOf(mail)}</td></tr>`)}</tbody></table>`
}`,
  )
}

export interface OutboxMailView extends OutboxMail {
  readonly text: string
  readonly outboxHref: string
}

/** One of them, with its links to follow. */
export function outboxMailPage(view: OutboxMailView, frame: Frame): Html {
  const { outbox: texts } = frame.words
  return page(
    frame,
    { title: view.subject, shape: 'wide' },
    html`<h1><bdi>${view.subject}</bdi></h1>
${facts(view, texts)}
<pre id="mail" dir="auto">${linked(view.text)}</pre>
<p><a id="outbox" href="${url(view.outboxHref)}">${texts.back}</a></p>`,
  )
}

const facts = (mail: OutboxMail, texts: Catalogue['outbox']): Html =>
  html`<dl class="facts"><div><dt>${texts.to}</dt><dd><bdi>${mail.to}</bdi></dd></div><div><dt>${texts.time}</dt><dd>${timeOf(mail)}</dd></div></dl>`

const timeOf = ({ time }: OutboxMail): Html =>
  html`<time dir="ltr" datetime="${time.toISOString()}">${inUtc(time)}</time>`

/** Every second piece is an address: we wrote it on a line of its own. */
const linked = (text: string): readonly Value[] =>
  text
    .split(/^(https?:\/\/\S+)$/m)
    .map((piece, place) => (place % 2 === 0 ? piece : html`<a href="${url(piece, ['http'])}">${piece}</a>`))
