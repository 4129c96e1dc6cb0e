import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type CommandContext, readArguments } from '../../src/cli/command.ts'
import { familyCommands } from '../../src/cli/family.ts'
import { obtainTokens, startServer, type TestServer, userinfoStatus } from '../support/server.ts'

suite('postern family', () => {
  let server: TestServer
  before(async () => {
    server = await startServer({}, 'PGlite')
  })
  after(() => server.close())

  const unused = async () => assert.fail('a command of grants asks for nothing else')
  async function run(name: string, args: readonly string[]) {
    const command = familyCommands.find((one) => one.name === name)
    assert.ok(command)
    const io = { write: unused, writeError: unused, env: {}, readFile: () => '', readInput: unused }
    const context: CommandContext = { io, config: unused, database: unused, deps: async () => server.deps }
    return await command.run(context, readArguments(command, args))
  }

  test('lists what users have granted, and ends one of them at once (RFC 7009 §2.1)', async () => {
    const client = await server.register({})
    const [ada, bob] = [await server.makeUser(), await server.makeUser()]
    const { tokens } = await obtainTokens(server, client, ada)
    await obtainTokens(server, client, bob)
    assert.match((await run('family list', [])).text, new RegExp(`${bob.username}[^]*${ada.username}`))
    const { json } = await run('family list', ['--user', ada.username, '--client', client.clientId])
    const [family] = (json as { families: { id: string; live: boolean }[] }).families
    assert.equal(family?.live, true)
    await run('family revoke', [family.id])
    assert.equal(await userinfoStatus(server, tokens.access_token), 401)
    await assert.rejects(run('family revoke', [family.id]), /ended already/)
    assert.equal((await run('family list', ['--user', ada.username])).text, 'No grants.')
    assert.match((await run('family list', ['--user', ada.username, '--ended'])).text, new RegExp(family.id))
    await assert.rejects(run('family revoke', ['not-an-id']), /family id/)
  })
})
