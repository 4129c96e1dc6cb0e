import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'

test('below a path of the issuer a wrong method is 405 too, with what is allowed (RFC 9110 §15.5.6)', async (t) => {
  const server = await startServer({ ISSUER: 'https://gate.example/auth' }, 'PGlite')
  t.after(() => server.close())
  for (const path of ['/auth/token', '/auth/admin/api/v1/roles']) {
    const answer = await server.app.inject({ method: 'PUT', url: path, headers: { host: 'gate.example' } })
    assert.equal(answer.statusCode, 405, path)
    assert.match(String(answer.headers.allow), /POST/)
  }
})
