import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { OPERATIONS } from '../../src/http/admin-api/operations.ts'
import { routesOf } from '../attacks/front-channel.ts'
import { API } from '../support/administrator.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Document {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>
}

suite('the OpenAPI document of the admin API', () => {
  let server: TestServer
  let text: string
  before(async () => {
    server = await startServer({}, 'PGlite')
    const { host } = new URL(server.config.issuer)
    text = (await server.app.inject({ url: `${API}/openapi.json`, headers: { host } })).body
  })
  after(() => server.close())

  test('is valid OpenAPI 3.1, and an independent linter finds nothing in it', async () => {
    const problems = await lintFromString({
      source: text,
      config: await createConfig({ extends: ['recommended-strict'] }),
    })
    assert.deepEqual(
      problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ''}`),
      [],
    )
  })

  test('has every route of the API, and no other', () => {
    const document: Document = JSON.parse(text)
    assert.equal(document.openapi, '3.1.0')
    assert.equal(document.servers[0]?.url, server.config.issuer + API)
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const served = routesOf(server.app)
      .filter(({ path }) => path.startsWith(`${API}/`) && path !== `${API}/openapi.json`)
      .map(({ method, path }) => ({ method, path: path.slice(API.length).replaceAll(/:(\w+)/g, '{$1}') }))
    const operations = new Set(OPERATIONS.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`))
    assert.deepEqual([...documented].sort(), [...operations].sort())
    const paths = new Set(served.map(({ path }) => path))
    assert.deepEqual([...paths].sort(), Object.keys(document.paths).sort())
  })

  test('names each operation once', () => {
    const ids = OPERATIONS.map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length)
  })
})
