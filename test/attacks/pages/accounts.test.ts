import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { digestOf } from '../../../src/base/digest.ts'
import { formsOf } from '../../support/browser-session.ts'
import { startServer, type TestClient, type TestServer } from '../../support/server.ts'
import { arrive, assertPage, closeClean, isConsentPage, rowsOf } from '../front-channel.ts'

const GOOD = 'Correct-Horse-7-Staple!'

suite('names and passwords of new accounts', () => {
  let server: TestServer
  let client: TestClient
  let made = 0
  before(async () => {
    server = await startServer()
    client = await server.register({})
  })
  after(() => closeClean(server))

  /** Fills in the sign-up page. */
  async function signUp(fields: Readonly<Record<string, string>>, on = { server, client }) {
    made += 1
    const browser = on.server.browser()
    const form = await arrive(browser, on.client, { prompt: 'create' })
    const account = { username: `person_${made}`, email: `person${made}@mail.example`, password: GOOD }
    const answer = await browser.submit(form, { ...account, ...fields })
    return { answer, browser, account: { ...account, ...fields } }
  }
  async function signIn(username: string, password: string) {
    const browser = server.browser()
    return (await browser.submit(await arrive(browser, client), { username, password })).statusCode
  }
  /** The page again, with the faults that it names under a field. */
  function faultsAt(field: string, { statusCode, body }: LightMyRequestResponse): readonly string[] {
    assert.equal(statusCode, 400)
    assert.match(body, /<title>Error:/)
    const part = new RegExp(`<div id="${field}-fault" class="field-fault">(.*?)</div>`, 's').exec(body)?.[1] ?? ''
    return [...part.matchAll(/<p>(.*?)<\/p>/g)].map(([, text = '']) => text)
  }

  for (const [what, username] of [
    ['a Cyrillic letter', 'аlice_one'],
    ['full-width letters', 'ａｌｉｃｅ'],
    ['a zero-width space', 'ali\u200bce'],
    ['a zero-width joiner', 'alice\u200d'],
    ['a right-to-left override', 'ecila\u202e'],
    ['a soft hyphen', 'al\u00adice'],
    ['a combining accent', 'alice\u0301'],
    ['a ligature', 'ﬁona'],
    ['a Kelvin sign', 'ali\u212aa'],
    ['a long s', 'ali\u017fa'],
    ['a dotless i', 'al\u0131ce'],
    ['a blank inside', 'ali ce'],
    ['a no-break space', 'ali\u00a0ce'],
    ['a line break', 'ali\nce'],
    ['an at sign', 'alice@home'],
    ['markup', 'alice<b>'],
    ['a mathematical letter', '\u{1d41a}lice'],
  ] as const) {
    test(`A107 a user name with ${what} is refused (UTS 39 §5, controls.md row 30)`, async () => {
      const users = await rowsOf(server, 'user')
      const { answer } = await signUp({ username })
      assert.match(faultsAt('username', answer).join(), /letters, digits and underscores/)
      assert.equal(await rowsOf(server, 'user'), users)
    })
  }

  test('A107 a name in another case, or an address that is taken, is a conflict (controls.md rows 29, 30)', async () => {
    const { account, answer } = await signUp({ username: 'Kelly_Sands' })
    assert.equal(answer.statusCode, 303)
    for (const username of ['kelly_sands', 'KELLY_SANDS', ' Kelly_Sands ']) {
      assert.match(faultsAt('username', (await signUp({ username })).answer).join(), /is taken/)
    }
    for (const email of [account.email, account.email.toUpperCase(), ` ${account.email}`]) {
      assert.match(faultsAt('email', (await signUp({ email })).answer).join(), /already an account/)
    }
    for (const username of ['\u212aelly_sands', 'kelly_\u017fands', 'Kelly_Sands\u200b', 'ｋelly_sands']) {
      assert.equal(await signIn(username, GOOD), 400, username) // no folding makes another's name of it
    }
    assert.equal(await signIn(' KELLY_sands', GOOD), 303)
  })

  test('A107 reserved names, and names too short or too long, are refused (controls.md row 30)', async () => {
    for (const username of ['admin', 'Administrator', 'ROOT', 'postern', 'support']) {
      assert.match(faultsAt('username', (await signUp({ username })).answer).join(), /reserved/)
    }
    for (const username of ['ab', 'x'.repeat(31), 'x'.repeat(10_000)]) {
      assert.match(faultsAt('username', (await signUp({ username })).answer).join(), /3 to 30/)
    }
  })

  test('A107 two who ask for one name at once: one gets it (controls.md row 30)', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => signUp({ username: i % 2 ? 'Same_Name' : 'same_name' })),
    )
    assert.deepEqual(answers.map(({ answer }) => answer.statusCode).sort(), [303, ...Array(7).fill(400)])
  })

  for (const email of [
    'x',
    'x@',
    '@x.example',
    'x@x',
    'a b@x.example',
    'x@x..example',
    'x@-x.example',
    'x@x.example.',
    'x@[127.0.0.1]',
    '"x y"@x.example',
    'ä@x.example',
    'x@ä.example',
    'x@x.example\nbcc: y@x.example',
    'x@x.example,y@x.example',
    '<x@x.example>',
    `${'x'.repeat(65)}@x.example`,
    `x@${'x'.repeat(250)}.example`,
    'x\u0000@x.example',
  ]) {
    test(`A107 ${JSON.stringify(email.slice(0, 40))} is no e-mail address here (RFC 5321 §4.1.2, controls.md row 29)`, async () => {
      const { answer } = await signUp({ email })
      if (email.includes('\0')) assertPage(answer, 'invalid_request')
      else assert.match(faultsAt('email', answer).join(), /Enter an email address/)
    })
  }

  test('A109 passwords that are equal in their first 72 bytes are two passwords (ASVS 6.2.9)', async () => {
    const base = `Aa1!${'xyzw'.repeat(17)}`
    assert.equal(base.length, 72)
    const { account } = await signUp({ password: `${base}-one` })
    assert.equal(await signIn(account.username, `${base}-two`), 400)
    assert.equal(await signIn(account.username, base), 400)
    assert.equal(await signIn(account.username, `${base}-one`), 303)
  })

  test('A109 spaces around a password belong to it, and its case and accents count (ASVS 6.2.8)', async () => {
    const { account } = await signUp({ password: `  ${GOOD} é ` })
    for (const password of [
      GOOD,
      `${GOOD} é`,
      `  ${GOOD} e\u0301 `,
      `  ${GOOD.toLowerCase()} é `,
      `  ${GOOD} é`,
      `  ${GOOD} é  `,
    ]) {
      assert.equal(await signIn(account.username, password), 400, JSON.stringify(password))
    }
    assert.equal(await signIn(account.username, `  ${GOOD} é `), 303)
  })

  test('A109 nothing after a NUL is dropped: such a password is refused (ASVS 6.2.8)', async () => {
    const { account } = await signUp({})
    assert.equal(await signIn(account.username, `${GOOD}\0`), 400)
    assert.equal(await signIn(account.username, `${GOOD}\0x`), 400)
    assertPage((await signUp({ password: `${GOOD}\0x` })).answer, 'invalid_request')
  })

  test('A110 a password of 128 characters is taken whole, of 129 refused, in letters of any width (ASVS 6.2.9)', async () => {
    for (const letter of ['x', 'é', '語', '\u{1f40e}']) {
      const longest = `Aa1!${[...'abcdefgh'].join('')}${letter.repeat(116)}`
      assert.equal([...longest].length, 128)
      const { account, answer } = await signUp({ password: longest })
      assert.equal(answer.statusCode, 303, letter)
      assert.equal(await signIn(account.username, longest), 303)
      assert.equal(await signIn(account.username, longest.slice(0, -letter.length)), 400)
      assert.match(faultsAt('password', (await signUp({ password: `${longest}x` })).answer).join(), /12 to 128/)
    }
  })

  test('A110 a password or name of 1 MB, or of 60 kB, is refused before anything is hashed (ASVS 2.4.1)', async () => {
    const { account } = await signUp({})
    const browser = server.browser()
    const form = await arrive(browser, client)
    const failed = async () => (await server.audited()).filter((type) => type === 'user.sign_in_failed').length
    const before = await failed()
    const fast = async (fields: Record<string, string>, status: number) => {
      const times: number[] = []
      for (let i = 0; i < 5; i += 1) {
        const began = performance.now()
        const answer = await browser.submit(form, { username: account.username, password: GOOD, ...fields })
        times.push(performance.now() - began)
        assert.equal(answer.statusCode, status)
      }
      assert.ok(Math.min(...times) < 50, String(times))
    }
    for (const name of ['username', 'password']) {
      await fast({ [name]: 'x'.repeat(1_048_576) }, 413)
      await fast({ [name]: 'x'.repeat(60_000) }, 400)
      await fast({ [name]: `${GOOD}${' '.repeat(1100)}x` }, 400)
    }
    assert.equal(await failed(), before) // a failure is recorded where a hash was compared
  })

  for (const [password, fault] of [
    ['Password123!', /known passwords/],
    ['P@ssw0rd2024!!', /known passwords/],
    ['!!!QWERTYuiop123', /known passwords|capital|small/],
    ['Aa1!Aa1!Aa1!', undefined],
    ['aaaaaaaaaaaA1!', undefined],
    ['gate.example-A1', /name of this site/],
    ['Gate.Example!2026', /name of this site/],
    ['nocapitals-1!x', /capital letter/],
    ['NOSMALLS-1!XXX', /lower-case letter/],
    ['No-Digits!-Here', /digit/],
    ['NoSpecials12345', /special character/],
    ['Short-1!', /12 to 128/],
    ['Aa1!', /12 to 128/],
  ] as const) {
    test(`A112 the password ${password} ${fault ? 'is refused, and told why' : 'is judged by the rules alone'} (controls.md row 31)`, async () => {
      const { answer } = await signUp({ password })
      if (fault) assert.match(faultsAt('password', answer).join('; '), fault)
      else assert.ok([303, 400].includes(answer.statusCode))
    })
  }

  test("A112 a password made of one's own name or address is refused (controls.md row 31)", async () => {
    for (const [username, email, password] of [
      ['margaret_h', 'other@mail.example', 'Margaret_H-2026!'],
      ['someone_else', 'margaret.hamilton@mail.example', 'Margaret.Hamilton1!'],
      ['someone_else', 'm@mail.example', 'x-M@mail.example-1'],
    ] as const) {
      const { answer } = await signUp({ username, email, password })
      assert.match(faultsAt('password', answer).join('; '), /Leave your name/)
    }
  })

  test('A112 the profile nist asks for length and the blocklist, and for no composition (SP 800-63B-4 §3.1.1.2)', async () => {
    const nist = await startServer({ PASSWORD_POLICY: 'nist' })
    const on = { server: nist, client: await nist.register({}) }
    assert.equal((await signUp({ password: 'correct horse battery staple' }, on)).answer.statusCode, 303)
    assert.equal((await signUp({ password: 'この門は夜に閉まります。明日の朝に' }, on)).answer.statusCode, 303)
    assert.match(faultsAt('password', (await signUp({ password: 'fourteen-chars' }, on)).answer).join(), /15 to 128/)
    assert.match(
      faultsAt('password', (await signUp({ password: 'aaaaaaaaaaaaaaaaaaaa' }, on)).answer).join(),
      /known passwords/,
    )
    await closeClean(nist)
  })

  test('A112 sign-up is closed where it is closed, and without an invitation where it takes one (design.md §10)', async () => {
    for (const setting of ['closed', 'invite']) {
      const closed = await startServer({ SIGN_UP: setting })
      const spa = await closed.register({})
      const browser = closed.browser()
      const form = await arrive(browser, spa)
      const [, id = '', csrf = ''] = /\?id=([0-9a-f-]{36}).*?name="csrf" value="([^"]+)"/s.exec(form.body) ?? []
      const account = { csrf, username: 'an_intruder', email: 'x@mail.example', password: GOOD }
      assertPage(await browser.get(`/signup?id=${id}`), 'sign_up_closed', 403)
      assertPage(await browser.post(`/signup?id=${id}`, account), 'sign_up_closed', 403)
      for (const invitation of ['x', '', "' or true --", 'A'.repeat(43)]) {
        const answer = await browser.post(`/signup?id=${id}&invitation=${encodeURIComponent(invitation)}`, account)
        assert.ok([400, 403].includes(answer.statusCode))
      }
      assert.equal(await rowsOf(closed, 'user'), 0)
      await closeClean(closed)
    }
  })

  test('an invitation is good once, also twice at once, and fixes the address it was sent to (design.md §8)', async () => {
    await server.deps.store.actionTokens.add(
      digestOf('al_invited'),
      { purpose: 'invitation', data: { email: 'invited@mail.example', roles: [] } },
      3600,
    )
    const users = await rowsOf(server, 'user')
    const attempts = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const browser = server.browser()
        const form = await browser.get('/signup?invitation=al_invited')
        return await browser.submit(form, { username: `invited_${i}`, email: `evil${i}@mail.example`, password: GOOD })
      }),
    )
    assert.deepEqual(attempts.map(({ statusCode }) => statusCode).sort(), [200, ...Array(5).fill(400)])
    assert.equal(await rowsOf(server, 'user'), users + 1)
    const user = await server.deps.store.users.find({ login: 'invited@mail.example' })
    assert.equal(user?.emailVerified, true)
    assertPage(await server.browser().get('/signup?invitation=al_invited'), 'link_used')
  })

  test('A145 fields that no page has make nobody an administrator (ASVS 15.3.3)', async () => {
    const browser = server.browser()
    const [form] = formsOf((await arrive(browser, client, { prompt: 'create' })).body)
    const account = { username: 'self_made', email: 'self@mail.example', password: GOOD }
    const answer = await browser.post(form?.action ?? '', {
      ...form?.fields,
      ...account,
      roles: 'administrator',
      role: 'administrator',
      is_admin: 'true',
      email_verified: 'true',
      emailVerified: 'true',
      id: '01890000-0000-7000-8000-000000000000',
      epoch: '7',
    })
    assert.ok(isConsentPage(await browser.follow(answer)))
    const user = await server.deps.store.users.find({ username: account.username })
    assert.deepEqual([user?.roles, user?.emailVerified, user?.epoch], [[], false, 0])
    assert.notEqual(user?.id, '01890000-0000-7000-8000-000000000000')
  })
})
