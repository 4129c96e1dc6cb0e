import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { SMTPServerOptions } from 'smtp-server'
import { passwordChangedNotice } from '../../src/accounts/notices.ts'
import { Secret } from '../../src/base/secret.ts'
import { deliverOutbox } from '../../src/jobs/deliver-outbox.ts'
import { createMailer, MailError } from '../../src/outbound/mail.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { readable, startMailServer } from './mail-server.ts'

const USER = { username: 'ada', email: 'ada@mail.example', claims: { name: 'Ada Łovelace <b>' } }
const FROM = { requestId: 'r', address: '198.51.100.0/24', userAgent: 'Mozilla/5.0 (X11; Linux) Firefox/140.0' }

suite('giving mails to a mail server', () => {
  let mailServer: Awaited<ReturnType<typeof startMailServer>>
  let server: TestServer
  let answer: 'take' | 'refuse' = 'take'
  before(async () => {
    mailServer = await startMailServer({
      onRcptTo: (_address, _session, done) =>
        answer === 'take' ? done() : done(Object.assign(new Error('come later'), { responseCode: 451 })),
    })
    server = await startServer({
      SMTP_URL: `smtp://127.0.0.1:${mailServer.port}`,
      MAIL_FROM: 'The Gate <gate@mail.example>',
    })
  })
  after(async () => {
    await server.close()
    await mailServer.close()
  })

  const enqueue = async (user = USER) => {
    const [mail] = passwordChangedNotice(server.deps, user, FROM)
    assert.ok(mail)
    await server.deps.store.outbox.add([mail])
    return mail
  }
  const row = async (id: string) =>
    await server.database.db.selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  const work = () => deliverOutbox.run(server.deps)

  test('a mail arrives as text and HTML, from whom it should, and is erased', async () => {
    const { id } = await enqueue()
    await work()
    const mail = mailServer.taken.at(-1)
    assert.ok(mail)
    assert.deepEqual([mail.from, mail.to], ['gate@mail.example', [USER.email]])
    assert.match(mail.raw, /^From: "?The Gate"? <gate@mail\.example>\r$/m)
    assert.match(mail.raw, /^Content-Type: multipart\/alternative;/m)
    assert.match(mail.raw, /^Content-Type: text\/plain; charset=utf-8\r$/m)
    assert.match(mail.raw, /^Content-Type: text\/html; charset=utf-8\r$/m)
    assert.match(mail.raw, /^Auto-Submitted: auto-generated\r$/m)
    assert.match(mail.raw, new RegExp(`^Message-ID: <${id}@gate\\.example>\r$`, 'm'))
    const text = readable(mail.raw)
    assert.match(text, /Your password was changed/)
    assert.match(text, /Ada Łovelace <b>/)
    assert.match(text, /Ada Łovelace &lt;b&gt;/, 'escaped where it is HTML')
    assert.match(text, /Firefox/)

    const { payload, delivered_at, next_attempt_at, attempts } = await row(id)
    assert.deepEqual([payload, next_attempt_at, attempts], [null, null, 1])
    assert.ok(delivered_at)
    const before = mailServer.taken.length
    await work()
    assert.equal(mailServer.taken.length, before)
  })

  test('what waits cannot be read in the table, nor in the place of another row', async () => {
    const mail = await enqueue()
    const other = await enqueue()
    const { payload } = await row(mail.id)
    assert.ok(payload)
    for (const word of [USER.email, USER.username, 'password', '198.51']) assert.equal(payload.includes(word), false)
    assert.equal(server.deps.sealer.open(payload, `outbox/payload/${other.id}`), undefined)
    await server.database.db
      .updateTable('outbox')
      .set({ payload: (await row(other.id)).payload })
      .where('id', '=', mail.id)
      .execute()
    const before = mailServer.taken.length
    await work()
    assert.equal(mailServer.taken.length, before + 1, 'only the one in its own place')
    assert.equal((await row(mail.id)).last_error, 'sealed with another key')
  })

  test('nodes that deliver at once send each mail once', async () => {
    const before = mailServer.taken.length
    for (let count = 0; count < 12; count += 1) await enqueue()
    await Promise.all(Array.from({ length: 6 }, work))
    assert.equal(mailServer.taken.length - before, 12)
    assert.equal(
      new Set(mailServer.taken.slice(before).map(({ raw }) => /^Message-ID: (.*)\r$/m.exec(raw)?.[1])).size,
      12,
    )
  })

  test('a mail that is not taken is tried again, ever more slowly, and its attempts can be seen', async () => {
    const { id } = await enqueue()
    answer = 'refuse'
    const before = mailServer.taken.length
    for (const pause of [30, 60, 120]) {
      await work()
      const { last_error, next_attempt_at } = await row(id)
      assert.equal(last_error, 'EENVELOPE 451')
      const seconds = ((next_attempt_at?.getTime() ?? 0) - server.clock.now().getTime()) / 1000
      assert.ok(Math.abs(seconds - pause) < 5, `${seconds}`)
      await work()
      server.clock.advance(pause + 1)
    }
    answer = 'take'
    await work()
    assert.equal(mailServer.taken.length, before + 1)
    const { attempts, last_error, payload } = await row(id)
    assert.deepEqual([attempts, last_error, payload], [4, null, null])
    assert.ok(server.log.some((line) => line.includes('a mail could not be sent') && line.includes('EENVELOPE 451')))
    assert.ok(!server.log.some((line) => line.includes(USER.email) || line.includes('come later')))
  })

  test('who took a mail and died does not keep it', async () => {
    const { id } = await enqueue()
    assert.equal((await server.deps.store.outbox.claim(100, 120)).length, 1)
    const before = mailServer.taken.length
    await work()
    assert.equal(mailServer.taken.length, before, 'it is claimed')
    server.clock.advance(121)
    await work()
    assert.equal(mailServer.taken.length, before + 1)
    assert.ok((await row(id)).delivered_at)
  })

  test('a mail is given up after a day, erased, and told to operators; a week later its row goes', async () => {
    const { id } = await enqueue()
    answer = 'refuse'
    await work()
    server.clock.advance(86_401)
    answer = 'take'
    const before = mailServer.taken.length
    await work()
    assert.equal(mailServer.taken.length, before)
    const { payload, delivered_at, next_attempt_at } = await row(id)
    assert.deepEqual([payload, delivered_at, next_attempt_at], [null, null, null])
    assert.ok(server.log.some((line) => line.includes('a mail was given up') && line.includes(id)))
    server.clock.advance(7 * 86_400)
    await server.deps.store.sweep.sweep()
    assert.equal(
      await server.database.db.selectFrom('outbox').select('id').where('id', '=', id).executeTakeFirst(),
      undefined,
    )
  })
})

suite('what is demanded of a mail server', () => {
  const open: { close(): Promise<void> }[] = []
  after(async () => {
    for (const server of open) await server.close()
  })
  /** This machine by a name that is not among those of this machine: as a server elsewhere. */
  const ELSEWHERE = '127.0.0.2'

  async function mailTo(options: SMTPServerOptions & { readonly host?: string }, url: (port: number) => string) {
    const server = await startMailServer(options)
    open.push(server)
    const from = { name: undefined, address: 'gate@mail.example' }
    const mailer = createMailer({ url: new Secret(url(server.port)), from, name: 'gate.example' })
    const sent = mailer.send({ id: '1', to: 'ada@mail.example', subject: 's', text: 't', html: '<p>t</p>' })
    const code = await sent.then(
      () => 'sent',
      (error: unknown) => (error instanceof MailError ? error.message : 'not a MailError'),
    )
    return { code, taken: server.taken }
  }

  test('elsewhere a server without STARTTLS gets nothing, not even a name or password (RFC 3207 §6)', async () => {
    let heard = 0
    const onAuth: SMTPServerOptions['onAuth'] = (_auth, _session, done) => {
      heard += 1
      done(null, { user: 'x' })
    }
    const options = { host: ELSEWHERE, disabledCommands: ['STARTTLS'], allowInsecureAuth: true, onAuth }
    const { code, taken } = await mailTo(options, (port) => `smtp://gate:word@${ELSEWHERE}:${port}`)
    assert.match(code, /^ETLS/)
    assert.deepEqual([taken.length, heard], [0, 0])
  })

  test('elsewhere a certificate that nobody vouches for is refused', async () => {
    const starttls = await mailTo({ host: ELSEWHERE, disabledCommands: [] }, (port) => `smtp://${ELSEWHERE}:${port}`)
    assert.match(starttls.code, /^(?:ETLS|ESOCKET|ECONNECTION|DEPTH|SELF)/)
    const smtps = await mailTo(
      { host: ELSEWHERE, secure: true, disabledCommands: [] },
      (port) => `smtps://${ELSEWHERE}:${port}`,
    )
    assert.notEqual(smtps.code, 'sent')
    assert.equal(starttls.taken.length + smtps.taken.length, 0)
  })

  test('on this machine STARTTLS is used where it is offered, and mails go without where it is not', async () => {
    const offered = await mailTo({ disabledCommands: ['AUTH'] }, (port) => `smtp://127.0.0.1:${port}`)
    assert.deepEqual([offered.code, offered.taken[0]?.isEncrypted], ['sent', true])
    const plain = await mailTo({}, (port) => `smtp://localhost:${port}`)
    assert.deepEqual([plain.code, plain.taken[0]?.isEncrypted], ['sent', false])
  })

  test('a wrong password is a failure like others: it is tried again', async () => {
    const onAuth: SMTPServerOptions['onAuth'] = ({ username, password }, _session, done) =>
      username === 'gate' && password === 'p@ss word' ? done(null, { user: 'gate' }) : done(new Error('wrong for gate'))
    const options = { authOptional: false, disabledCommands: [], onAuth }
    const wrong = await mailTo(options, (port) => `smtp://gate:wrong@127.0.0.1:${port}`)
    assert.equal(wrong.code, 'EAUTH 535')
    const right = await mailTo(options, (port) => `smtp://gate:p%40ss%20word@127.0.0.1:${port}`)
    assert.equal(right.code, 'sent')
  })

  test('a mail server that is not there is a failure of which nothing but its kind is told', async () => {
    const server = await startMailServer()
    await server.close()
    const from = { name: undefined, address: 'gate@mail.example' }
    const url = new Secret(`smtp://gate:word@127.0.0.1:${server.port}`)
    const mailer = createMailer({ url, from, name: 'gate.example' })
    await assert.rejects(
      mailer.send({ id: '1', to: 'a@mail.example', subject: 's', text: 't', html: 't' }),
      (error: unknown) => error instanceof MailError && /^E[A-Z]+$/.test(error.message) && error.cause === undefined,
    )
  })

  test('no address is read as two, and no subject begins another header (CWE-93)', async () => {
    const server = await startMailServer()
    open.push(server)
    const from = { name: undefined, address: 'gate@mail.example' }
    const mailer = createMailer({ url: new Secret(`smtp://127.0.0.1:${server.port}`), from, name: 'gate.example' })
    const hostile = { id: '1', subject: 'a\r\nBcc: b@mail.example', text: 't', html: 't' }
    await mailer.send({ ...hostile, to: 'a@mail.example, b@mail.example' }).catch(() => undefined)
    await mailer.send({ ...hostile, to: 'a@mail.example' })
    assert.ok(server.taken.every(({ to }) => to.length === 1 && !to.includes('b@mail.example')))
    assert.ok(server.taken.every(({ raw }) => !/^Bcc:/im.test(raw)))
  })
})
