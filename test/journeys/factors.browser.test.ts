import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { codeFor, enrolHere, givePassword, type Person, sitDown, WAYS } from '../support/person.ts'
import { type LoneServer, startAlone } from '../support/processes.ts'

// The life of a second factor as a person lives it: a real server, a real browser, and mails from the outbox.
const PASSWORD = 'Correct-Horse-7-Staple!'
const NEW_PASSWORD = 'Another-Horse-9-Battery!'

let alone: LoneServer
before(async () => {
  const settings = { SIGN_UP: 'open', LIMIT_AUTH_PER_MINUTE: '1000', CEILING_ADDRESS_PER_MINUTE: '100000' }
  alone = await startAlone({ settings })
})
after(() => alone.close())

const SIGN_IN = '#sign-in-form'
const OVERVIEW = '#overview'
const CODE = '#second-factor-form'

async function signIn(person: Person, username: string, password: string, sign: string): Promise<void> {
  await person.open('/account', SIGN_IN)
  await givePassword(person, username, password, sign)
}

async function giveRecoveryCode(person: Person, code: string): Promise<void> {
  await person.go('#use-recovery', '#recovery-code-form')
  await person.type('[name=code]', code)
  await person.go('#verify', OVERVIEW)
}

const signOut = (person: Person): Promise<void> => person.go('#sign-out', 'main:not(:has(form))')

async function signUp(person: Person, username: string): Promise<void> {
  await person.open('/account', SIGN_IN)
  await person.go('a#sign-up', 'button#sign-up')
  await person.type('[name=username]', username)
  await person.type('[name=email]', `${username}@mail.example`)
  await person.type('[name=password]', PASSWORD)
  await person.go('button#sign-up', OVERVIEW)
}

/** @returns the secret as it is typed by hand, and the recovery codes */
async function enrol(person: Person) {
  const { page } = person
  await person.go('#to-factors', '#add-factor')
  await person.go('#add-factor', '#start-enrolment')
  const enrolled = await enrolHere(person, 'Ada’s phone', '#factors')
  assert.match(await page.locator('#factors').innerText(), /Ada’s phone/)
  return enrolled
}

/** Asks for a new password, and follows the link in the mail. */
async function resetPassword(person: Person, username: string): Promise<void> {
  const { page } = person
  await person.open('/account', SIGN_IN)
  await person.go('#forgot-password', '#send-link')
  await person.type('[name=login]', username)
  await person.go('#send-link', '#outbox')
  await person.go('#outbox', '#mails')
  const to = `tr:has-text("${username}@mail.example")`
  await person.go(`${to} a`, '#mail')
  assert.match(await page.locator('#mail').innerText(), /reset-password\?token=/)
  await person.go('#mail a[href*=reset-password]', '#reset-password')
  await person.type('[name=password]', NEW_PASSWORD)
  await person.go('#reset-password', 'a#sign-in')
  await person.go('a#sign-in', SIGN_IN)
}

for (const [index, way] of WAYS.entries()) {
  test(`${way.name}: enrol, sign in by code, by recovery code, with a new password, and remove it (pages.md)`, async (t) => {
    const person = await sitDown(way, alone.issuer)
    t.after(() => person.close())
    const username = `ada_${index}`
    await signUp(person, username)
    const { secret, recovery } = await enrol(person)
    await signOut(person)

    await signIn(person, username, PASSWORD, CODE)
    await person.type('[name=code]', codeFor(secret, 1)) // the present one was spent by the enrolment
    await person.go('#verify', OVERVIEW)
    await signOut(person)

    await signIn(person, username, PASSWORD, CODE)
    await giveRecoveryCode(person, recovery[0] ?? '')
    await signOut(person)

    await resetPassword(person, username)
    await givePassword(person, username, NEW_PASSWORD, CODE)
    await giveRecoveryCode(person, recovery[1]?.toUpperCase() ?? '')

    await person.go('#to-factors', '#factors')
    assert.match(await person.page.locator('#codes-left').innerText(), /\b8\b/)
    await person.press('[id^=change-]')
    await person.go('button[id^=remove-]', '#notice')
    assert.equal(await person.page.locator('#factors').count(), 0)
    await signOut(person)
    await signIn(person, username, NEW_PASSWORD, OVERVIEW)
    assert.deepEqual(person.complaints, [])
  })
}
