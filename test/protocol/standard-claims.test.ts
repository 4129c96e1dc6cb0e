import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLAIMS_OF_SCOPE, claimsFor, STANDARD_CLAIMS, userClaims } from '../../src/protocol/standard-claims.ts'

const profile = {
  name: 'Ada Lovelace',
  given_name: 'Ada',
  family_name: 'Lovelace',
  middle_name: 'K',
  nickname: 'A',
  preferred_username: 'ada',
  profile: 'https://ada.example',
  picture: 'https://ada.example/a.png',
  website: 'https://ada.example',
  gender: 'female',
  birthdate: '1815-12-10',
  zoneinfo: 'Europe/London',
  locale: 'en-GB',
}
const address = { street_address: '12 St James’s Square', country: 'GB' }
const user = {
  username: 'ada_l',
  email: 'ada@mail.example',
  emailVerified: true,
  updatedAtSeconds: 1_700_000_000,
  claims: { ...profile, address, phone_number: '+44 20', phone_number_verified: false },
}

test('each scope gives its standard claims, and no other scope’s (OIDC Core §5.4)', () => {
  assert.deepEqual(claimsFor(user, ['openid', 'profile'], []), { ...profile, updated_at: 1_700_000_000 })
  assert.deepEqual(claimsFor(user, ['email'], []), { email: 'ada@mail.example', email_verified: true })
  assert.deepEqual(claimsFor(user, ['address'], []), { address })
  assert.deepEqual(claimsFor(user, ['phone'], []), { phone_number: '+44 20', phone_number_verified: false })
  assert.deepEqual(claimsFor(user, ['openid', 'offline_access', 'api:read', 'constructor', '__proto__'], []), {})
})

test('a claim asked for by name is given alone (OIDC Core §5.5)', () => {
  assert.deepEqual(claimsFor(user, [], ['email', 'given_name']), { email: 'ada@mail.example', given_name: 'Ada' })
})

test('a claim that is not known is left out (OIDC Core §5.3.2)', () => {
  const bare = { username: 'ada_l', email: undefined, emailVerified: false, updatedAtSeconds: 1, claims: {} }
  assert.deepEqual(claimsFor(bare, Object.keys(CLAIMS_OF_SCOPE), []), { preferred_username: 'ada_l', updated_at: 1 })
})

test('the claims are those of the standard (OIDC Core §5.1)', () => {
  assert.equal(STANDARD_CLAIMS.length, 19)
  assert.equal(userClaims.safeParse(user.claims).success, true)
  for (const claims of [
    { sub: 'x' },
    { email: 'x@y' },
    { roles: ['admin'] },
    { birthdate: '10/12/1815' },
    { picture: 'javascript:x' },
    { address: { planet: 'x' } },
  ]) {
    assert.equal(userClaims.safeParse(claims).success, false, JSON.stringify(claims))
  }
})
