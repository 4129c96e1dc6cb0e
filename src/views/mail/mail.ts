/**
 * The one shape of every mail: sentences, perhaps a button and facts, told once and written twice, as text and as HTML.
 * Mail clients know no stylesheet of ours, so each element carries fixed styles; no value ever stands in one.
 */
import { fill, fillText } from '../catalogue/fill.ts'
import { inUtc } from '../catalogue/time.ts'
import { type Html, html, url } from '../html.ts'
import type { Frame } from '../page.ts'

/** What is sent. The subject is one line. */
export interface Mail {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** Whose account a mail is about. */
export interface MailView {
  /** The name that it greets; nobody's without one. */
  readonly name?: string | undefined
  /** As its owner knows it: the username. */
  readonly account: string
}

/** When something was done, and from where, as far as that is known. */
export interface MailEvent {
  readonly time: Date
  /** In words; see `deviceInWords`. */
  readonly device?: string | undefined
  /** The network prefix. */
  readonly address?: string | undefined
}

type Values = Readonly<Record<string, string>>
type Sentence = string | readonly [message: string, values: Values]

export interface MailParts {
  readonly subject: Sentence
  readonly name?: string | undefined
  readonly before: readonly Sentence[]
  readonly event?: MailEvent
  readonly button?: { readonly label: string; readonly href: string } | undefined
  readonly after?: readonly Sentence[]
}

const asText = (sentence: Sentence): string => (typeof sentence === 'string' ? sentence : fillText(...sentence))
const asHtml = (sentence: Sentence): Html => (typeof sentence === 'string' ? html`${sentence}` : fill(...sentence))

/** A line of a header: what a user chose must not begin another. RFC 5322 §2.2 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const oneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').trim()

/** A mail as text and as HTML. */
export function mail(parts: MailParts, frame: Frame): Mail {
  return { subject: oneLine(asText(parts.subject)), text: textOf(parts, frame), html: htmlOf(parts, frame).toString() }
}

const greeting = ({ name }: MailParts, { words }: Frame): Sentence =>
  name === undefined ? words.mail.helloNobody : [words.mail.hello, { name }]

const footer = ({ words, deploymentName, issuer }: Frame): Sentence => [
  words.mail.footer,
  { deployment: deploymentName, host: new URL(issuer).host },
]

function factsOf({ event }: MailParts, { words }: Frame): ReadonlyArray<readonly [string, string]> {
  if (event === undefined) return []
  const { when, device, network } = words.mail
  return [
    [when, inUtc(event.time)],
    ...(event.device === undefined ? [] : [[device, event.device] as const]),
    ...(event.address === undefined ? [] : [[network, event.address] as const]),
  ]
}

function textOf(parts: MailParts, frame: Frame): string {
  const facts = factsOf(parts, frame).map(([name, value]) => `${name}: ${oneLine(value)}`)
  return [
    asText(greeting(parts, frame)),
    ...parts.before.map(asText),
    ...(facts.length === 0 ? [] : [facts.join('\n')]),
    ...(parts.button ? [parts.button.href] : []),
    ...(parts.after ?? []).map(asText),
    `-- \n${asText(footer(frame))}\n`, // the separator of signatures ends in a space. RFC 3676 §4.3
  ].join('\n\n')
}

/** Only our own addresses: http where the issuer is on loopback. */
const linkOf = (href: string) => url(href, ['http'])

function htmlOf(parts: MailParts, frame: Frame): Html {
  const { words, deploymentName } = frame
  const facts = factsOf(parts, frame)
  const { button } = parts
  const paragraph = (text: Html) => html`<p class="ink" style="margin:0 0 16px">${text}</p>`
  return html`<!doctype html>
<html lang="${words.lang}" dir="${words.dir}">
<head>
<meta charset="utf-8">
<title>${asText(parts.subject)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
:root { color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  .wall { background: #171a18 !important; }
  .opening { background: #212622 !important; border-color: #3a413b !important; }
  .ink, .ink a { color: #eceee8 !important; }
  .quiet, .quiet a { color: #b2b8ae !important; }
  .well { background: #2a302b !important; }
  .button { background: #93d1bf !important; color: #0d211c !important; }
}
</style>
</head>
<body class="wall" style="margin:0;padding:0;background:#dfdbd0">
<div class="wall" style="padding:24px 12px;background:#dfdbd0">
<div class="opening" style="max-width:480px;margin:0 auto;padding:40px 28px 24px;background:#fcfbf8;border:1px solid #b9b2a1;border-radius:96px 96px 8px 8px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;font-size:16px;line-height:1.55;color:#22251f">
<p class="quiet" style="margin:0 0 24px;text-align:center;font-weight:600;color:#4e5249"><bdi>${deploymentName}</bdi></p>
<h1 class="ink" style="margin:0 0 24px;text-align:center;font-size:22px;line-height:1.25">${asHtml(parts.subject)}</h1>
${paragraph(asHtml(greeting(parts, frame)))}
${parts.before.map((sentence) => paragraph(asHtml(sentence)))}
${facts.length > 0 && html`<div class="well ink" style="margin:0 0 16px;padding:12px 16px;background:#f0ede5;border-radius:8px">${facts.map(([name, value]) => html`<div><span class="quiet" style="color:#4e5249">${name}:</span> <bdi>${value}</bdi></div>`)}</div>`}
${
  button &&
  html`<p style="margin:24px 0;text-align:center"><a class="button" href="${linkOf(button.href)}" style="display:inline-block;padding:12px 24px;background:#1f5b4f;color:#ffffff;border-radius:8px;font-weight:600;text-decoration:none">${button.label}</a></p>
<p class="quiet" style="margin:0 0 16px;font-size:13px;color:#4e5249">${words.mail.linkHint}<br><a href="${linkOf(button.href)}" style="color:#4e5249;word-break:break-all">${button.href}</a></p>`
}
${(parts.after ?? []).map((sentence) => paragraph(asHtml(sentence)))}
</div>
<p class="quiet" style="max-width:480px;margin:16px auto 0;text-align:center;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;font-size:13px;color:#4e5249">${asHtml(footer(frame))}</p>
</div>
</body>
</html>
`
}
