import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { ADA, CALLBACK, DECLARED, visit } from '../support/journey.ts'
import { type LoneServer, postern, startAlone } from '../support/processes.ts'
import { claimsIn, ENGINE_NAMES, pkce, type Tokens } from '../support/server.ts'

const run = promisify(execFile)
const CURL = /^\s+(curl .+)$/m
const LINK = /http:\/\/localhost:\d+(\/first-administrator\?token=[\w-]+)/

for (const engine of ENGINE_NAMES) {
  suite(`a first start on ${engine}`, () => {
    let alone: LoneServer
    before(async () => {
      alone = await startAlone({ engine })
    })
    after(() => alone.close())

    const firstRunFile = () => join(alone.dataDir, 'first-run.txt')
    const firstToken = async (text: string): Promise<Tokens> => {
      const command = CURL.exec(text)?.[1]
      assert.ok(command, text)
      return JSON.parse((await run('/bin/sh', ['-c', command])).stdout) // as a newcomer pastes it
    }

    test('tells the newcomer what to do, in a file that nobody else may read (design: the newcomer’s minute)', async () => {
      await alone.server.said(/"message":"ready"/)
      await alone.server.said(CURL)
      const output = alone.server.output()
      assert.match(output, new RegExp(`Issuer\\s+${alone.issuer}\n`))
      const kept = await readFile(firstRunFile(), 'utf8')
      assert.equal(kept.match(LINK)?.[1], output.match(LINK)?.[1])
      assert.equal(kept.match(CURL)?.[1], output.match(CURL)?.[1])
      assert.equal((await stat(firstRunFile())).mode & 0o777, 0o600)
      assert.equal((await stat(alone.dataDir)).mode & 0o777, 0o700)
      if (engine === 'PGlite') assert.equal((await stat(join(alone.dataDir, 'master.key'))).mode & 0o777, 0o600)
      const logged = output.split('\n').filter((line) => line.startsWith('{'))
      assert.ok(logged.length > 0)
      for (const line of logged) assert.doesNotMatch(line, /cs_|fa_/)
    })

    test('gives a first token to the command that it prints, pasted as it is', async () => {
      const tokens = await firstToken(alone.server.output())
      const { iss, sub, client_id } = claimsIn(tokens.access_token)
      assert.deepEqual([iss, sub, client_id], [alone.issuer, 'first-service', 'first-service'])
      assert.equal(tokens.expires_in, 900)
    })

    test('makes the first administrator by its link, once (A151)', async () => {
      const link = LINK.exec(alone.server.output())![1]!
      const browser = alone.server.browser()
      const page = await browser.get(link, { fromElsewhere: true })
      const username = 'first_admin'
      const made = await browser.submit(page, { username, email: 'admin@mail.example', password: ADA.password })
      assert.equal(made.statusCode, 200, made.body)
      assert.equal((await alone.server.browser().get(link)).statusCode, 410)
      const shown = await postern(['user', 'show', username, '--json'], alone.settings)
      assert.deepEqual(JSON.parse(shown.stdout).roles, ['administrator'], shown.stderr)
    })

    test('keeps everything over a kill, and says nothing of first steps again (A181)', async () => {
      const applied = await postern(['apply', '-f', '-'], alone.settings, DECLARED) // while the server runs
      assert.equal(applied.code, 0, applied.stderr)
      const browser = alone.server.browser()
      const { verifier, challenge } = pkce()
      const url = new URL(`${alone.issuer}/authorize`)
      url.search = new URLSearchParams({
        client_id: 'spa',
        response_type: 'code',
        redirect_uri: CALLBACK,
        scope: 'openid',
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }).toString()
      const code = (await visit(browser, url)).searchParams.get('code') ?? ''
      const form = {
        grant_type: 'authorization_code',
        client_id: 'spa',
        redirect_uri: CALLBACK,
        code,
        code_verifier: verifier,
      }
      const first = (await alone.server.post('/token', form)).json<Tokens>()
      const keys = (await alone.server.ask({ url: '/jwks' })).body
      const banner = alone.server.output()
      const refresh = (token: string) =>
        alone.server.post('/token', { grant_type: 'refresh_token', client_id: 'spa', refresh_token: token })
      const second = (await refresh(first.refresh_token)).json<Tokens>()

      assert.equal((await alone.restart('SIGKILL')).signal, 'SIGKILL')
      assert.doesNotMatch(alone.server.output(), /curl|first-administrator/)
      assert.equal((await alone.server.ask({ url: '/jwks' })).body, keys)
      const third = await refresh(second.refresh_token)
      assert.equal(third.statusCode, 200, third.body)
      await firstToken(banner) // the machine client is still known, and its secret
      const again = await visit(browserAgain(browser), url) // so are the session and the consent
      assert.ok(again.searchParams.get('code'))
    })

    /** The same cookies, sent to the process that runs now. */
    function browserAgain(browser: ReturnType<typeof alone.server.browser>) {
      const next = alone.server.browser()
      for (const [name, cookie] of browser.cookies) next.cookies.set(name, cookie)
      return next
    }
  })
}
