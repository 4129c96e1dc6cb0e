import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { declarationSchema } from '../../src/cli/declaration.ts'
import { readDeclaration } from '../../src/cli/read-declaration.ts'

const faultsOf = (text: string): readonly string[] =>
  readDeclaration(text).faults.map(({ line, path, message }) => `${line} ${path}: ${message}`)

const CASES: readonly { readonly what: string; readonly text: string; readonly faults: readonly string[] }[] = [
  { what: 'an empty file declares nothing', text: '', faults: [] },
  { what: 'a comment declares nothing', text: '# later\n', faults: [] },
  { what: 'an empty section declares nothing', text: 'clients:\nusers: []\n', faults: [] },
  {
    what: 'a file is a mapping',
    text: '- clients',
    faults: ['1 : must be a mapping of resources, roles, clients, users'],
  },
  {
    what: 'an unknown section is refused',
    text: 'roles: [a]\nclient: []\n',
    faults: ['2 client: is not known here: the sections are resources, roles, clients, users'],
  },
  { what: 'a section is a list', text: 'users:\n  alice: {}\n', faults: ['1 users: must be a list'] },
  {
    what: 'text that is no YAML is refused',
    text: 'roles: [a\nusers: []',
    faults: ['2 : the indentation is wrong here'],
  },
  { what: 'a tab cannot indent', text: 'roles:\n\t- a\n', faults: ['2 : a tab cannot indent in YAML: use spaces'] },
  {
    what: 'a key that stands twice is refused',
    text: 'roles: [a]\nroles: [b]\n',
    faults: ['2 : this key stands here for the second time'],
  },
  {
    what: 'a second document is refused',
    text: 'roles: [a]\n---\nroles: [b]\n',
    faults: ['2 : a second document begins here: the file has to be one'],
  },
  {
    what: 'a tag of another program is refused',
    text: 'roles: !ruby [a]\n',
    faults: ['1 : this tag is not understood'],
  },
  {
    what: 'an alias that leads nowhere is refused',
    text: 'roles: *none\n',
    faults: ['1 : an alias leads nowhere, or there are too many'],
  },
  {
    what: 'a resource is an absolute URI with scopes of its own (RFC 8707 §2)',
    text: 'resources:\n  - identifier: api\n    scopes: [read, openid, "a b"]\n  - name: B\n',
    faults: [
      '2 resources[0].identifier: must be an absolute URI without a fragment',
      '3 resources[0].scopes[1]: is a scope of the server itself, and no resource can define it',
      '3 resources[0].scopes[2]: is no scope token (RFC 6749 §3.3)',
      '4 resources[1].identifier: is missing',
      '4 resources[1].scopes: must be a list of scopes, or a mapping of each scope to its description',
    ],
  },
  {
    what: 'a role is a name, or a name and a description',
    text: 'roles:\n  - ok\n  - 7\n  - name: no good\n    title: x\n',
    faults: [
      '3 roles[1]: must be a name, or a mapping of name and description',
      '4 roles[2].name: must be 1 to 64 of A-Z a-z 0-9 _ . : -',
      '5 roles[2].title: is not known here',
    ],
  },
  {
    what: 'every fault of a client is told at once, each at its line (RFC 7591 §2)',
    text: [
      'clients:',
      '  - client_id: web app',
      '    redirect_uri: https://a.example/cb',
      '    redirect_uris:',
      '      - https://a.example/cb',
      '      - http://a.example/cb',
      '    grant_types: [implicit]',
      '    first_party: yes',
      '    access_token_lifetime_seconds: 1000000',
      '    client_secret: short',
    ].join('\n'),
    faults: [
      '2 clients[0].client_id: must be 1 to 100 of A-Z a-z 0-9 . _ ~ -',
      '6 clients[0].redirect_uris[1]: must be https, http on a loopback address, or a private-use scheme with a dot; no fragment, no user info',
      '7 clients[0].grant_types[0]: must be authorization_code or refresh_token or client_credentials',
      '8 clients[0].first_party: must be true or false',
      '9 clients[0].access_token_lifetime_seconds: must be at most 86400',
      '10 clients[0].client_secret: must have at least 32 characters',
      '3 clients[0].redirect_uri: is not known here',
    ],
  },
  {
    what: 'a public client has no client_credentials and no way around PKCE (RFC 6749 §4.4)',
    text: 'clients:\n  - client_id: a\n    grant_types: [client_credentials]\n    require_pkce: false\n',
    faults: [
      '3 clients[0].grant_types: client_credentials needs a confidential client (RFC 6749 §4.4)',
      '4 clients[0].require_pkce: may be lifted for a confidential client only',
    ],
  },
  {
    what: 'a secret is told in one way, and to a confidential client',
    text: [
      'clients:',
      '  - client_id: a',
      '    token_endpoint_auth_method: none',
      '    redirect_uris: [https://a.example/]',
      `    client_secret: ${'s'.repeat(32)}`,
      `    client_secret_sha256: ${'ab'.repeat(32)}`,
      '  - client_id: b',
      '    grant_types: [client_credentials]',
      '    client_secret_sha256: abcd',
    ].join('\n'),
    faults: [
      '6 clients[0].client_secret_sha256: is told twice: keep one of client_secret, client_secret_sha256',
      '5 clients[0].client_secret: a public client (none) has no secret',
      '9 clients[1].client_secret_sha256: must be a SHA-256 digest, in hex or base64url',
    ],
  },
  {
    what: 'a user has an address, one kind of password, and standard claims (OIDC Core §5.1)',
    text: [
      'users:',
      '  - username: alice',
      '    email: alice@',
      '    email_verified: yes',
      '    password_hash: $2y$10$abcdefghijklmnopqrstuv',
      '    address: {town: X}',
      '    birthdate: yesterday',
      '    nickname: [a]',
      '  - email: a@b.example',
      '    password: 1234567890123',
    ].join('\n'),
    faults: [
      '3 users[0].email: is no e-mail address',
      '4 users[0].email_verified: must be true or false',
      '5 users[0].password_hash: must be an argon2id hash in PHC format, of at least 8 MiB',
      '8 users[0].nickname: must be a string',
      '7 users[0].birthdate: is not of the form that it must have',
      '6 users[0].address.town: is not known here',
      '9 users[1].username: is missing',
      '10 users[1].password: must be a string: put it in quotes',
    ],
  },
]

for (const { what, text, faults } of CASES) {
  test(`postern.yaml: ${what}`, () => assert.deepEqual([...faultsOf(text)].sort(), [...faults].sort()))
}

test('an alias is followed, and its faults are told at the text that it stands for', () => {
  const text = 'roles:\n  - &r {name: a, x: 1}\nusers: []\nresources: []\n'
  assert.deepEqual(faultsOf(text), ['2 roles[0].x: is not known here'])
})

test('what is right in itself is read beside what is wrong', () => {
  const { declaration } = readDeclaration('roles: [a, 7, {name: b, description: B}]\n')
  assert.deepEqual(
    declaration.roles.map(({ value }) => value),
    [
      { name: 'a', description: undefined },
      { name: 'b', description: 'B' },
    ],
  )
})

test('a client that tells a secret is confidential, and one that tells none is public (RFC 7591 §2)', () => {
  const secret = 'k'.repeat(40)
  const { declaration, faults } = readDeclaration(
    `clients:\n  - {client_id: a, client_secret: ${secret}, grant_types: [client_credentials]}\n  - {client_id: b, redirect_uris: [https://b.example/cb]}\n`,
  )
  assert.deepEqual(faults, [])
  assert.deepEqual(
    declaration.clients.map(({ value }) => value.policy.tokenEndpointAuthMethod),
    ['client_secret_basic', 'none'],
  )
  assert.deepEqual(declaration.clients[1]?.value.policy.allowedOrigins, ['https://b.example'])
})

test('no fault repeats a value of the file: it may be a secret', () => {
  const secret = 'Tr0ub4dor&3 in the wrong place'
  const texts = [
    `clients: "${secret}"`,
    `clients: ["${secret}"]`,
    `"${secret}": 1`,
    `clients: [{client_id: "${secret}", grant_types: ["${secret}"], "${secret}": 1, first_party: "${secret}"}]`,
    `users: [{username: a, password: ["${secret}"], password_hash: "${secret}", zoneinfo: 1}]`,
    `roles: ${secret}: [`,
    `users: !${secret.replaceAll(/\W/g, '')} 1`,
  ]
  for (const text of texts) {
    const told = JSON.stringify(readDeclaration(text).faults)
    assert.notEqual(told, '[]', text)
    assert.ok(!told.includes('Tr0ub4dor'), told)
  }
})

// After a change: npx postern apply --schema > src/cli/postern.schema.json && npx biome format --write src/cli/postern.schema.json
test('the published JSON Schema is the one that the file is judged by', () => {
  const published = readFileSync(new URL('../../src/cli/postern.schema.json', import.meta.url), 'utf8')
  assert.deepEqual(JSON.parse(published), JSON.parse(declarationSchema()))
})
