import type { FormView } from '../form.ts'
import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { decision, instant, pager, refusal, table } from './parts.ts'

/** A signing key and its way. */
export interface KeyView {
  readonly kid: string
  readonly alg: string
  readonly state: 'next' | 'current' | 'retired'
  readonly canSign: boolean
  readonly createdAt: Date
  readonly publishedAt: Date
  readonly signsFrom: Date
  readonly activatedAt: Date | undefined
  readonly retiredAt: Date | undefined
  readonly droppedAt: Date | undefined
}

export interface KeysView extends AdminFrameView, FormView {
  readonly keys: readonly KeyView[]
  readonly now: Date
  readonly mayRotate: boolean
  readonly refused?: { readonly message: string; readonly faults: readonly [] } | undefined
}

const STATES = {
  next: 'published: it signs next',
  current: 'signing',
  retired: 'verifying what it signed',
} as const

/** The signing keys, and the way of each: created, published, signing, verifying only, dropped. */
export const keysPage = (view: KeysView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    {
      section: 'keys',
      title: 'Signing keys',
      isFault: view.refused !== undefined,
      command:
        'postern key list\npostern key rotate\npostern key rotate --emergency   # the current key has leaked\npostern key drop KID             # a retired key has leaked',
    },
    html`${refusal(view.refused)}
<p>A key is published as soon as it is made, and signs when every validator can know it. Then it verifies what it signed until the last of that has expired, and is dropped. No private part is shown anywhere.</p>
${timeline(view)}
${table(
  'keys',
  'Signing keys',
  [
    { name: 'Key', cell: ({ kid, alg }: KeyView) => html`<code title="${kid}">${kid.slice(0, 12)}…</code> ${alg}` },
    { name: 'State', cell: ({ state }) => STATES[state] },
    { name: 'Published', cell: ({ createdAt }) => instant(createdAt) },
    {
      name: 'Signing',
      cell: ({ activatedAt, signsFrom }) =>
        activatedAt ? instant(activatedAt) : html`not before ${instant(signsFrom)}`,
    },
    { name: 'Verifying only', cell: ({ retiredAt }) => instant(retiredAt) },
    { name: 'Dropped', cell: ({ droppedAt }) => instant(droppedAt) },
    ...(view.mayRotate ? [dropColumn(frame)] : []),
  ],
  view.keys,
  'No keys yet: the server makes them when it starts.',
)}
${pager({ csv: pathUrl(frame, `${ADMIN_PATHS.keys}.csv`) })}
${
  view.mayRotate &&
  html`<div class="decisions">${decision({ ...view, action: pathUrl(frame, `${ADMIN_PATHS.keys}/rotate`).toString() }, 'rotate-keys', 'Sign with the next key')}
<a id="emergency" class="button danger" href="${pathUrl(frame, `${ADMIN_PATHS.keys}/emergency`)}">The current key has leaked…</a></div>`
}`,
  )

const dropColumn = (frame: Frame) => ({
  name: 'Action',
  cell: ({ kid, state }: KeyView) =>
    state === 'retired' &&
    html`<a class="button danger" href="${pathUrl(frame, `${ADMIN_PATHS.keys}/${encodeURIComponent(kid)}/drop`)}">Drop…</a>`,
})

const WIDTH = 1000
const HEIGHT = 20
const DAY_MS = 86_400_000

interface Phase {
  readonly name: string
  readonly from: Date
  readonly to: Date
  /** How it is filled: what stands in no stylesheet is right in light and dark alike. */
  readonly opacity: number
}

/** What a key has gone through, and what is known of what it will. */
function phasesOf(key: KeyView, end: Date): readonly Phase[] {
  const { publishedAt, activatedAt, retiredAt, droppedAt } = key
  return [
    { name: 'published', from: publishedAt, to: activatedAt ?? end, opacity: 0.25 },
    ...(activatedAt ? [{ name: 'signing', from: activatedAt, to: retiredAt ?? end, opacity: 1 }] : []),
    ...(retiredAt ? [{ name: 'verifying only', from: retiredAt, to: droppedAt ?? end, opacity: 0.5 }] : []),
  ]
}

/** A bar for each key over the same time. What it shows stands in the table beside it. */
function timeline({ keys, now }: KeysView): Html | false {
  if (keys.length === 0) return false
  const instants = keys.flatMap((key) => [key.createdAt, key.droppedAt ?? now]).map((one) => one.getTime())
  const start = Math.min(...instants)
  const end = Math.max(...instants, now.getTime() + DAY_MS)
  const at = (time: Date) => Math.round(((Math.min(time.getTime(), end) - start) / (end - start)) * WIDTH)
  return html`<figure class="chart" id="timeline">
<figcaption>The way of each key</figcaption>
${keys.map((key) => {
  const phases = phasesOf(key, new Date(end))
  return html`<p class="hint"><code>${key.kid.slice(0, 12)}</code> ${STATES[key.state]}</p>
<svg width="100%" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="Key ${key.kid}: ${phases.map(({ name, from }) => `${name} from ${from.toISOString().slice(0, 16)}`).join(', ')}">${phases.map((phase) => bar(at(phase.from), at(phase.to), phase))}<rect x="${at(now)}" y="0" width="2" height="${HEIGHT}" fill="currentColor"><title>now</title></rect></svg>`
})}
<p class="axis" aria-hidden="true"><span>${new Date(start).toISOString().slice(0, 10)}</span><span>${new Date(end).toISOString().slice(0, 10)}</span></p>
<p class="hint">Light: published. Full: signing. Half: verifying only. The line: now.</p>
</figure>`
}

const bar = (from: number, to: number, { name, opacity }: Phase): Html =>
  html`<rect x="${from}" y="4" width="${Math.max(2, to - from)}" height="12" fill="currentColor" fill-opacity="${opacity}"><title>${name}</title></rect>`
