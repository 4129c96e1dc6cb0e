import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enrolHere, givePassword, type Person, sitDown, WAYS } from '../support/person.ts'
import { startAlone } from '../support/processes.ts'

// From an empty server to an administrator who lets somebody in and shuts them out again: a real server, a real browser,
// and mails from the outbox.
const PASSWORD = 'Correct-Horse-7-Staple!'
const SIGN_IN = '#sign-in-form'
const DASHBOARD = '#totals'

/** Follows the first-run link, and enrols what every administrator needs before the console opens. */
async function becomeAdministrator(person: Person, link: string): Promise<void> {
  await person.open(link, '#first-administrator-form')
  await person.type('[name=username]', 'ada')
  await person.type('[name=email]', 'ada@mail.example')
  await person.type('[name=password]', PASSWORD)
  await person.go('#make-administrator', 'a#sign-in')
  await person.open('/admin', SIGN_IN)
  await givePassword(person, 'ada', PASSWORD, '#start-enrolment')
  await enrolHere(person, 'Ada’s phone', DASHBOARD)
}

/** @returns the client's id, and its secret, which is told once */
async function createClient(person: Person) {
  const { page } = person
  await person.go('#to-clients', '#new-client')
  await person.go('#new-client', '#save-client')
  await person.type('[name=client_name]', 'The shop')
  await person.pick('[name=token_endpoint_auth_method]', 'By a secret in the Authorization header')
  await person.type('[name=redirect_uris]', 'https://shop.example/callback')
  await person.go('#save-client', '#client-secret')
  const clientId = await page.locator('#client-id').innerText()
  const secret = await page.locator('#client-secret').innerText()
  await person.go('#kept', '#client-form')
  assert.doesNotMatch(await page.content(), new RegExp(secret))
  return { clientId, secret }
}

async function invite(person: Person, email: string): Promise<void> {
  await person.go('#to-users', '#invite-user')
  await person.go('#invite-user', '#invite')
  await person.type('[name=email]', email)
  await person.go('#invite', '#notice')
}

/** Follows the link in the mail to an account with a password of one's own. */
async function accept(person: Person, email: string): Promise<void> {
  await person.open('/outbox', '#mails')
  await person.go(`tr:has-text("${email}") a`, '#mail')
  await person.go('#mail a[href*=invitation]', 'button#sign-up')
  await person.type('[name=username]', 'grace')
  await person.type('[name=password]', PASSWORD)
  await person.go('button#sign-up', '#to-account')
  await person.go('#to-account', '#overview')
}

async function disable(person: Person, username: string): Promise<void> {
  await person.go('#to-users', '#filters')
  await person.type('[name=query]', username)
  await person.go('#apply-filters', '#users')
  await person.go(`#users a:has-text("${username}")`, '#user-disable')
  await person.go('#user-disable', '#confirm')
  await person.go('#confirm', '#notice')
}

for (const way of WAYS) {
  test(`${way.name}: the first administrator makes a client, invites somebody, shuts them out, and reads it all in the log (pages.md)`, async (t) => {
    const alone = await startAlone({ settings: { LIMIT_AUTH_PER_MINUTE: '1000', SIGN_UP: 'invite' } })
    t.after(() => alone.close())
    const [link] = await alone.server.said(/http\S+\/first-administrator\?token=\S+/)
    const administrator = await sitDown(way, alone.issuer)
    t.after(() => administrator.close())
    const guest = await sitDown(way, alone.issuer)
    t.after(() => guest.close())

    await becomeAdministrator(administrator, link)
    const { clientId, secret } = await createClient(administrator)
    const known = await alone.server.post(
      '/introspect',
      { token: 'none' },
      { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
    )
    assert.equal(known.statusCode, 200, 'the secret that was shown is good')

    await invite(administrator, 'grace@mail.example')
    await accept(guest, 'grace@mail.example')
    await disable(administrator, 'grace')
    await guest.open('/account', SIGN_IN) // signed out at once
    assert.deepEqual(guest.complaints, [])
    await givePassword(guest, 'grace', PASSWORD, '#fault')

    await administrator.go('#to-audit', '#events')
    const events = await administrator.page.locator('#events').innerText()
    for (const type of [
      'user.created',
      'factor.enrolled',
      'client.created',
      'invitation.created',
      'user.signed_in',
      'user.disabled',
      'user.sign_in_failed',
    ]) {
      assert.ok(events.includes(type), type)
    }
    assert.ok(!events.includes(secret))
    assert.deepEqual(administrator.complaints, [])
  })
}
