import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { OAuthError } from '../../src/protocol/error.ts'

test('every description is a constant sentence of printable ASCII (RFC 6749 §5.2)', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const descriptions = files.flatMap((file) => {
    const text = readFileSync(`src/${file}`, 'utf8')
    return [...text.matchAll(/new OAuthError\(\s*'\w+',\s*(?<description>'[^'\n]*'|`[^`]*`|\w+)/g)].map(
      (match) => match.groups!.description!,
    )
  })
  assert.ok(descriptions.length > 30)
  for (const description of descriptions) {
    assert.match(description, /^(?:'[\x20\x21\x23-\x5b\x5d-\x7e]+'|`\$\{name\} is (?:missing|too long)`|[A-Z_]+)$/)
  }
})

test('the status follows from the code (RFC 6749 §5.2, RFC 6750 §3.1)', () => {
  const statuses = {
    invalid_request: 400,
    invalid_client: 401,
    invalid_grant: 400,
    invalid_token: 401,
    insufficient_scope: 403,
    slow_down: 429,
    temporarily_unavailable: 503,
    server_error: 500,
  } as const
  for (const [code, status] of Object.entries(statuses))
    assert.equal(new OAuthError(code as keyof typeof statuses, 'x').status, status)
})
