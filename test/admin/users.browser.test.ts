import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { beginSession, signInAsAdministrator } from '../support/administrator.ts'
import type { BrowserSession } from '../support/browser-session.ts'
import { axeViolations, openConsole, overflow } from '../support/console-browser.ts'
import { obtainTokens, startServer, type TestServer } from '../support/server.ts'

const WINDOWS = [
  { name: 'a telephone', viewport: { width: 320, height: 700 }, colorScheme: 'light' },
  { name: 'a desk, in the dark', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
] as const

suite('the console in Chromium: users, sessions and grants (pages.md, rule 1)', () => {
  let server: TestServer
  let administrator: BrowserSession
  let paths: readonly string[]
  before(async () => {
    server = await startServer()
    administrator = (await signInAsAdministrator(server)).browser
    const user = await server.makeUser(['a-role-with-a-rather-long-name-that-does-not-break'])
    const theirs = server.browser()
    await beginSession(server, user.id, theirs)
    await obtainTokens(server, await server.register({}), user, {}, theirs)
    const own = `/admin/users/${user.id}`
    paths = [
      '/admin/users',
      '/admin/users?query=nobody',
      '/admin/users/new',
      '/admin/users/invite',
      own,
      ...['edit', 'roles/new', 'delete', 'disable'].map((page) => `${own}/${page}`),
      '/admin/sessions',
      '/admin/sessions/grants',
    ]
  })
  after(() => server.close())

  for (const { name, ...options } of WINDOWS) {
    test(`every page is accessible, and no wider than its window, on ${name}`, async () => {
      const page = await openConsole(server, administrator, options)
      for (const path of paths) {
        const answer = await page.goto(path)
        assert.equal(answer?.status(), 200, path)
        assert.deepEqual([path, await axeViolations(page)], [path, []])
        assert.deepEqual([path, Math.max(0, await overflow(page))], [path, 0])
      }
    })
  }
})
