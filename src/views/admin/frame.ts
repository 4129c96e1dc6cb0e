/**
 * What the pages of the console share: where they are, the way among them, and what has just been done. The console speaks
 * English: its words stand in its views.
 */
import { type FormView, form } from '../form.ts'
import { type Html, html, url } from '../html.ts'
import { type Frame, page, pathUrl } from '../page.ts'

/** Where each part of the console is, below the issuer, in the order of the way among them. */
export const ADMIN_PATHS = {
  dashboard: '/admin',
  users: '/admin/users',
  roles: '/admin/roles',
  clients: '/admin/clients',
  resources: '/admin/resources',
  sessions: '/admin/sessions',
  keys: '/admin/keys',
  audit: '/admin/audit',
  deliveries: '/admin/deliveries',
} as const
export type AdminSection = keyof typeof ADMIN_PATHS

const NAMES: Readonly<Record<AdminSection, string>> = {
  dashboard: 'Dashboard',
  users: 'Users',
  roles: 'Roles',
  clients: 'Clients',
  resources: 'Resources',
  sessions: 'Sessions',
  keys: 'Signing keys',
  audit: 'Audit log',
  deliveries: 'Deliveries',
}

/** What has just been done, as the address says it after a redirect: `?done=created`. */
export const ADMIN_NOTICES = {
  created: 'It was created.',
  saved: 'The changes are saved.',
  deleted: 'It was deleted.',
  disabled: 'It is disabled, and refused from now on.',
  enabled: 'It is enabled again.',
  ended: 'It has ended.',
  granted: 'The role was granted.',
  revoked: 'The role was taken away.',
  rotated: 'The keys have moved on.',
  removed: 'It was removed.',
  sent: 'The message is on its way.',
  reset: 'The second factors are gone, and every session has ended.',
  unlocked: 'Devices that the account does not know may try again.',
} as const
export type AdminNotice = keyof typeof ADMIN_NOTICES

export interface AdminFrameView {
  /** Who administers. */
  readonly administrator: string
  /** The sections that their permissions open. */
  readonly sections: readonly AdminSection[]
  readonly signOut: FormView
  readonly notice?: AdminNotice | undefined
}

interface AdminHead {
  readonly section: AdminSection
  readonly title: string
  readonly isFault?: boolean
  /** The page that this one stands below. */
  readonly above?: { readonly href: string; readonly name: string }
  /** What is done on the command line to the same end; never with a secret. */
  readonly command?: string
}

/** A page of the console, with the way to all others. */
export const adminPage = (view: AdminFrameView, frame: Frame, head: AdminHead, body: Html): Html =>
  page(
    frame,
    { ...head, title: `${head.title} · Console`, shape: 'console', navigation: navigation(view, frame, head.section) },
    html`${head.above && html`<p class="above"><a href="${url(head.above.href)}">‹ ${head.above.name}</a></p>`}
${view.notice !== undefined && html`<p id="notice" class="notice" role="status">${ADMIN_NOTICES[view.notice]}</p>`}
<h1>${head.title}</h1>
${body}
${head.command !== undefined && html`<aside class="command" aria-labelledby="command-title"><h2 id="command-title">On the command line</h2><pre tabindex="0"><code>${head.command}</code></pre></aside>`}`,
  )

const navigation = (view: AdminFrameView, frame: Frame, current: AdminSection): Html =>
  html`<nav class="sections console" aria-label="Console" data-section="${current}">
<p class="who"><bdi>${view.administrator}</bdi></p>
<ul>${view.sections.map((section) => html`<li><a id="to-${section}" href="${pathUrl(frame, ADMIN_PATHS[section])}" aria-current="${section === current && 'page'}">${NAMES[section]}</a></li>`)}</ul>
${form(view.signOut, 'sign-out-form', html`<button id="sign-out" type="submit" class="link">Sign out</button>`)}
</nav>`
