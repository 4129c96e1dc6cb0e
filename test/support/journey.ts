// What independent client libraries are tried on: a server set up by file, and a person with a browser without script.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { BrowserSession } from './browser-session.ts'

const secret = () => randomBytes(32).toString('base64url')

export const ADA = { username: 'ada', email: 'ada@mail.example', password: 'Correct!Horse7Staple' } as const
export const CALLBACK = 'https://app.example/callback'
export const SIGNED_OUT = 'https://app.example/signed-out'
export const ORDERS = 'https://orders.example'
export const SECRETS = { basic: secret(), post: secret(), machine: secret(), orders: secret() } as const

const APP = `redirect_uris: [${CALLBACK}]
    post_logout_redirect_uris: [${SIGNED_OUT}]
    scope: openid profile email offline_access orders.read orders.write
    resources: [${ORDERS}]`

/** postern.yaml: an API, apps of every kind of client authentication, and Ada. */
export const DECLARED = `
resources:
  - identifier: ${ORDERS}
    scopes: {orders.read: See your orders, orders.write: Change your orders}
    introspection_clients: [orders]
roles: [clerk]
clients:
  - client_id: spa
    ${APP}
  - client_id: basic
    client_secret: ${SECRETS.basic}
    token_endpoint_auth_method: client_secret_basic
    ${APP}
  - client_id: post
    client_secret: ${SECRETS.post}
    token_endpoint_auth_method: client_secret_post
    ${APP}
  - client_id: machine
    client_secret: ${SECRETS.machine}
    grant_types: [client_credentials]
    scope: orders.read
    resources: [${ORDERS}]
  - client_id: orders
    client_secret: ${SECRETS.orders}
    grant_types: [client_credentials]
    scope: ''
users:
  - username: ${ADA.username}
    email: ${ADA.email}
    email_verified: true
    password: ${ADA.password}
    roles: [clerk]
    given_name: Ada
`

/** Goes where an app sends the browser, signs in and allows what is asked where that is wanted. @returns where it ends up */
export async function visit(browser: BrowserSession, url: URL): Promise<URL> {
  let page = await browser.follow(await browser.get(url.href, { fromElsewhere: true }))
  if (page.body.includes('id="sign-in-form"')) {
    const { username, password } = ADA
    page = await browser.follow(await browser.submit(page, { username, password }))
  }
  if (page.body.includes('name="decision"'))
    page = await browser.follow(await browser.submit(page, { decision: 'allow' }))
  const { location } = page.headers
  assert.ok(typeof location === 'string', `${page.statusCode} ${page.body}`)
  return new URL(location)
}
