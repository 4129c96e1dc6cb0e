/**
 * What the account pages share: where they are, the way among them, who is signed in, and what has just been changed.
 */
import type { Catalogue } from '../catalogue/index.ts'
import { type FormView, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import { type Frame, page, pathUrl } from '../page.ts'

/** Where each section of the account is, below the issuer. */
export const ACCOUNT_PATHS = {
  overview: '/account',
  profile: '/account/profile',
  password: '/account/password',
  factors: '/account/second-factor',
  sessions: '/account/sessions',
  apps: '/account/apps',
  data: '/account/data',
} as const satisfies Readonly<Record<keyof Catalogue['account']['sections'], string>>

/** The pages below a section. */
export const ACCOUNT_SUBPATHS = {
  email: '/account/email',
  enrol: '/account/second-factor/new',
  delete: '/account/delete',
} as const

type Section = keyof typeof ACCOUNT_PATHS
const SECTIONS = ['overview', 'profile', 'password', 'factors', 'sessions', 'apps', 'data'] as const satisfies Section[]

/** What has just been changed. */
export type AccountNotice = keyof Catalogue['account']['notice']

export interface AccountFrameView {
  /** Who is signed in, as they know themselves here. */
  readonly account: string
  readonly signOut: FormView
  readonly notice?: AccountNotice | undefined
}

interface AccountHead {
  readonly section: Section
  readonly title: string
  readonly isFault?: boolean
}

/** A page of the account, with the way to all others. */
export const accountPageOf = (view: AccountFrameView, frame: Frame, head: AccountHead, body: Html): Html =>
  page(
    frame,
    { ...head, shape: 'settings', navigation: navigation(view, frame, head.section) },
    html`${view.notice !== undefined && html`<p id="notice" class="notice" role="status">${frame.words.account.notice[view.notice]}</p>`}
<h1>${head.title}</h1>
${body}`,
  )

const navigation = (view: AccountFrameView, frame: Frame, current: Section): Html => {
  const { account: words } = frame.words
  return html`<nav class="sections" aria-label="${words.navigation}" data-section="${current}">
<p class="who"><bdi>${view.account}</bdi></p>
<ul>${SECTIONS.map((section) => html`<li><a id="to-${section}" href="${pathUrl(frame, ACCOUNT_PATHS[section])}" aria-current="${section === current && 'page'}">${words.sections[section]}</a></li>`)}</ul>
${form(view.signOut, 'sign-out-form', html`<button id="sign-out" type="submit" class="link">${words.signOut}</button>`)}
</nav>`
}
