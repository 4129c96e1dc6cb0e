import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { openBrowser } from '../support/browser.ts'
import { freePort, type ServerProcess, startProcess } from '../support/processes.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
/** The first block of code behind some words of the README. */
const blockAfter = (words: string): string =>
  /```(?:js|yaml)\n([\s\S]*?)```/.exec(readme.slice(readme.indexOf(words)))?.[1] ?? ''

suite('the first app of the README', () => {
  let gate: ServerProcess
  let app: Server
  let folder: string
  let home: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-readme-'))
    const [gatePort, appPort] = [await freePort(), await freePort()]
    const issuer = `http://localhost:${gatePort}`
    home = `http://localhost:${appPort}/`
    const here = (text: string) =>
      text.replaceAll('http://localhost:5173/', home).replaceAll('http://localhost:3000', issuer)
    const file = join(folder, 'postern.yaml')
    await writeFile(file, here(blockAfter('Say what may come in')))
    gate = await startProcess({ PORT: String(gatePort), DATA_DIR: join(folder, 'data') }, ['--apply', file])

    const page = `<!doctype html><title>My app</title><script type="importmap">{"imports":{"oidc-client-ts":"/oidc.js"}}</script>
<body><script type="module">${here(blockAfter('first-app:'))}</script>`
    app = createServer((request, response) => {
      const isLibrary = request.url === '/oidc.js'
      response.setHeader('content-type', isLibrary ? 'text/javascript' : 'text/html')
      response.end(isLibrary ? library() : page)
    })
    await once(app.listen(appPort, 'localhost'), 'listening')
  })
  after(async () => {
    app.close()
    await gate.end()
    await rm(folder, { recursive: true, force: true })
  })

  test('signs a person up and says hello, as it stands there', async () => {
    const context = await (await openBrowser()).newContext()
    const tab = await context.newPage()
    await tab.goto(home)
    await tab.click('#sign-up')
    await tab.fill('#email', 'ada@mail.example')
    await tab.fill('#username', 'ada_example')
    await tab.fill('#password', 'Correct-Horse-7-Staple!')
    await tab.click('#sign-up-form button.primary')
    await tab.click('#allow')
    await tab.getByText('Hello ada_example').waitFor()
    assert.equal(tab.url(), home)
    await context.close()
  })
})

/** A bundler would do this part: the library's browser build makes one global. */
function library(): string {
  const build = new URL('../browser/oidc-client-ts.min.js', import.meta.resolve('oidc-client-ts'))
  return `${readFileSync(build, 'utf8')}\nexport const UserManager = oidc.UserManager`
}
