import type { Catalogue } from '../catalogue/index.ts'
import { type FormView, faultSummary, field, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ACCOUNT_SUBPATHS, type AccountFrameView, accountPageOf } from './frame.ts'

/** The claims that people fill in themselves, in the order of the form. OIDC Core §5.1 */
export const PROFILE_FIELDS = ['name', 'given_name', 'family_name', 'nickname'] as const
export type ProfileField = (typeof PROFILE_FIELDS)[number]

/** The longest value of a claim, in UTF-16 units as a browser counts them. */
export const LONGEST_PROFILE_FIELD = 200

export type ProfileFault = keyof Catalogue['profile']['fault']

export interface ProfileView extends AccountFrameView, FormView {
  readonly username: string
  readonly email?: string | undefined
  readonly isEmailVerified: boolean
  readonly values: Readonly<Partial<Record<ProfileField, string>>>
  readonly faults?: Readonly<Partial<Record<ProfileField, ProfileFault>>>
}

const AUTOCOMPLETE = {
  name: 'name',
  given_name: 'given-name',
  family_name: 'family-name',
  nickname: 'nickname',
} as const

/** What apps may learn about a user, and what the user is known by here. */
export function profilePage(view: ProfileView, frame: Frame): Html {
  const { words } = frame
  const { profile: texts, fields } = words
  const textsAt = (name: ProfileField) => {
    const fault = view.faults?.[name]
    return fault === undefined ? [] : [texts.fault[fault]]
  }
  const faults = PROFILE_FIELDS.flatMap((name) => textsAt(name).map((text) => ({ text, field: name })))
  return accountPageOf(
    view,
    frame,
    { section: 'profile', title: texts.title, isFault: faults.length > 0 },
    html`${faultSummary(words, faults)}
<p>${texts.meaning}</p>
${form(
  view,
  'profile-form',
  html`${PROFILE_FIELDS.map((name) =>
    field({
      name,
      label: texts[name],
      type: 'text',
      autocomplete: AUTOCOMPLETE[name],
      value: view.values[name],
      isOptional: true,
      maxLength: LONGEST_PROFILE_FIELD,
      faults: textsAt(name),
    }),
  )}
<div class="actions row"><button id="save-profile" type="submit" class="primary">${texts.submit}</button></div>`,
)}
<h2>${texts.emailTitle}</h2>
<dl class="facts">
<div><dt>${fields.email}</dt><dd>${view.email === undefined ? texts.noEmail : html`<bdi>${view.email}</bdi> <span class="${view.isEmailVerified ? 'tag' : 'tag attention'}">${view.isEmailVerified ? texts.verified : texts.unverified}</span>`}</dd></div>
<div><dt>${fields.username}</dt><dd><bdi>${view.username}</bdi></dd></div>
</dl>
<div class="actions row"><a id="change-email" class="button" href="${pathUrl(frame, ACCOUNT_SUBPATHS.email)}">${texts.changeEmail}</a></div>`,
  )
}
