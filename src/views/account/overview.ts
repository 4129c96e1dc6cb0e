import { fill } from '../catalogue/fill.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { when } from '../catalogue/time.ts'
import { type Html, html, type Value } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ACCOUNT_PATHS, ACCOUNT_SUBPATHS, type AccountFrameView, accountPageOf } from './frame.ts'

/** Why an account is less safe than it could be. */
export type AccountWarning = keyof Catalogue['overview']['warning']

export interface OverviewView extends AccountFrameView {
  readonly now: Date
  /** The gravest first; none means that the account is well guarded. */
  readonly warnings: readonly AccountWarning[]
  readonly username: string
  readonly name?: string | undefined
  readonly email?: string | undefined
  readonly isEmailVerified: boolean
  /** Absent where there is no password. */
  readonly passwordChangedAt?: Date | undefined
  readonly factors: number
  readonly recoveryCodesLeft: number
  readonly sessions: number
  readonly apps: number
}

const REMEDIES: Readonly<Record<AccountWarning, string>> = {
  noSecondFactor: ACCOUNT_SUBPATHS.enrol,
  noRecoveryCodes: ACCOUNT_PATHS.factors,
  fewRecoveryCodes: ACCOUNT_PATHS.factors,
  emailUnverified: ACCOUNT_SUBPATHS.email,
  noEmail: ACCOUNT_SUBPATHS.email,
  underAttack: ACCOUNT_PATHS.sessions,
}

/** How safe an account is, and the way to each thing that can be changed. */
export function accountPage(view: OverviewView, frame: Frame): Html {
  const { words } = frame
  const { account, overview } = words
  const row = (section: Exclude<keyof typeof ACCOUNT_PATHS, 'overview'>, value: Value) =>
    html`<li><a href="${pathUrl(frame, ACCOUNT_PATHS[section])}"><span class="what">${account.sections[section]}</span> <span class="value">${value}</span></a></li>`
  return accountPageOf(
    view,
    frame,
    { section: 'overview', title: account.title },
    html`${view.warnings.length === 0 ? safe(overview) : warnings(view.warnings, frame)}
<ul id="overview" class="rows">
${row('profile', html`<bdi>${view.name ?? view.username}</bdi>${view.email !== undefined && html` · <bdi>${view.email}</bdi>`}`)}
${row('password', view.passwordChangedAt ? fill(overview.passwordChanged, { when: when(words, view.passwordChangedAt, view.now) }) : overview.noPassword)}
${row('factors', view.factors === 0 ? overview.factorsOff : fill(overview.factorsOn, { count: view.factors, codes: view.recoveryCodesLeft }))}
${row('sessions', fill(overview.sessions, { count: view.sessions }))}
${row('apps', fill(overview.apps, { count: view.apps }))}
${row('data', overview.data)}
</ul>`,
  )
}

const safe = (overview: Catalogue['overview']): Html =>
  html`<section id="safety" class="safe" aria-labelledby="safety-title"><h2 id="safety-title">${overview.safe}</h2><p>${overview.safeMeaning}</p></section>`

const warnings = (found: readonly AccountWarning[], frame: Frame): Html => {
  const { overview } = frame.words
  return html`<section id="safety" class="warning" aria-labelledby="safety-title"><h2 id="safety-title">${overview.unsafe}</h2>
<ul>${found.map((warning) => html`<li data-warning="${warning}">${overview.warning[warning]} <a href="${pathUrl(frame, REMEDIES[warning])}">${overview.remedy[warning]}</a></li>`)}</ul></section>`
}
