import { fill } from '../catalogue/fill.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { when } from '../catalogue/time.ts'
import { LONGEST_AUTHENTICATOR_NAME } from '../enrolment.ts'
import { type FormView, field, form } from '../form.ts'
import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ACCOUNT_SUBPATHS, type AccountFrameView, accountPageOf } from './frame.ts'

export interface FactorView {
  readonly id: string
  readonly name: string
  readonly addedAt: Date
  readonly lastUsedAt?: Date | undefined
}

/** Each form sends `do`: `rename` (with `id` and `name`), `remove` (with `id`) or `regenerate`. */
export interface FactorsView extends AccountFrameView, FormView {
  readonly now: Date
  readonly factors: readonly FactorView[]
  readonly recoveryCodesLeft: number
  /** The policy wants a second factor: the last one stays. */
  readonly isRequired: boolean
}

/** The authenticators and recovery codes of an account. */
export function factorsPage(view: FactorsView, frame: Frame): Html {
  const { words } = frame
  const { factors: texts } = words
  return accountPageOf(
    view,
    frame,
    { section: 'factors', title: texts.title },
    html`<p>${view.factors.length === 0 ? texts.none : texts.meaning}</p>
${
  view.factors.length > 0 &&
  html`<h2 id="factors-title">${texts.list}</h2>
<ul id="factors" class="entries" aria-labelledby="factors-title">${view.factors.map((factor) => entry(factor, view, words))}</ul>`
}
<div class="actions row"><a id="add-factor" class="${view.factors.length === 0 ? 'button primary' : 'button'}" href="${pathUrl(frame, ACCOUNT_SUBPATHS.enrol)}">${texts.add}</a></div>
${view.factors.length > 0 && recoveryCodes(view, words)}`,
  )
}

function entry(factor: FactorView, view: FactorsView, words: Catalogue): Html {
  const { factors: texts } = words
  const { id } = factor
  const isLast = view.factors.length === 1
  return html`<li data-factor="${id}">
<h3 id="factor-${id}"><bdi>${factor.name}</bdi></h3>
<p class="quiet">${fill(texts.added, { when: when(words, factor.addedAt, view.now) })} · ${factor.lastUsedAt ? fill(texts.lastUsed, { when: when(words, factor.lastUsedAt, view.now) }) : texts.neverUsed}</p>
<details><summary id="change-${id}" aria-labelledby="change-${id} factor-${id}">${texts.change}</summary>
<div class="inner">
${form(
  view,
  `rename-${id}-form`,
  html`<input type="hidden" name="id" value="${id}">
${field({
  name: 'name',
  id: `name-${id}`,
  label: texts.name,
  type: 'text',
  autocomplete: 'off',
  value: factor.name,
  maxLength: LONGEST_AUTHENTICATOR_NAME,
})}
<button id="rename-${id}" type="submit" name="do" value="rename" aria-labelledby="rename-${id} factor-${id}">${texts.rename}</button>`,
)}
${
  isLast && view.isRequired
    ? html`<p class="quiet">${texts.required}</p>`
    : form(
        view,
        `remove-${id}-form`,
        html`<input type="hidden" name="id" value="${id}">
<p class="quiet">${texts.removeMeaning} ${isLast && texts.removeLast}</p>
<button id="remove-${id}" type="submit" name="do" value="remove" class="danger" aria-labelledby="remove-${id} factor-${id}">${texts.remove}</button>`,
      )
}
</div></details>
</li>`
}

const recoveryCodes = (view: FactorsView, { factors: texts }: Catalogue): Html =>
  html`<h2>${texts.codes}</h2>
<p>${texts.codesMeaning}</p>
<p><strong id="codes-left">${fill(texts.codesLeft, { count: view.recoveryCodesLeft })}</strong></p>
${form(
  view,
  'regenerate-form',
  html`<p class="quiet">${texts.regenerateMeaning}</p>
<div class="actions row"><button id="regenerate" type="submit" name="do" value="regenerate">${texts.regenerate}</button></div>`,
)}`
