// The demo app: all that a single-page app has to do. It knows its issuer, its client id, its own address and the API that
// it calls; the protocol is oidc-client-ts's business.
import { ErrorResponse, InMemoryWebStorage, UserManager, WebStorageStateStore } from './oidc-client-ts.js'

const element = (id) => document.getElementById(id)
const stage = element('demo')
const { issuer, clientId, redirectUri, apiUrl } = stage.dataset

const users = new UserManager({
  authority: issuer,
  client_id: clientId,
  redirect_uri: redirectUri,
  post_logout_redirect_uri: redirectUri,
  scope: 'openid profile email demo:read',
  loadUserInfo: true,
  // Tokens stay in memory, where no script that comes later finds them. What has to outlive the redirect (state, nonce, code
  // verifier) stays in this tab.
  userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
  stateStore: new WebStorageStateStore({ store: sessionStorage }),
})

const NOBODY = 'Nobody is signed in.'

const ACTIONS = {
  'sign-in': ['Going to sign in…', () => users.signinRedirect()],
  'sign-up': ['Going to create an account…', () => users.signinRedirect({ prompt: 'create' })],
  renew: ['Renewing…', renew],
  'call-api': ['Calling the API…', callApi],
  'sign-out': ['Signing out…', () => users.signoutRedirect()],
}
for (const [id, [doing, work]] of Object.entries(ACTIONS)) {
  element(id).addEventListener('click', () => attempt(doing, work))
}

// The library renews by itself, too, shortly before the access token expires.
users.events.addUserLoaded(show)
users.events.addUserUnloaded(() => show(null))
users.events.addSilentRenewError(async (error) => say(await explain(error)))

/** Takes the answer of the authorization server out of the address, where there is one. */
async function receiveAnswer() {
  const answer = new URLSearchParams(location.search)
  if (!answer.has('code') && !answer.has('error')) return NOBODY
  const address = location.href
  history.replaceState(null, '', location.pathname) // a reload must not send it twice
  const { profile } = await users.signinRedirectCallback(address)
  return `Signed in as ${profile.preferred_username ?? profile.email ?? profile.sub}.`
}

/** Exchanges the refresh token for new tokens. */
async function renew() {
  await users.signinSilent()
  return 'Renewed: there is a new access token, and a new refresh token in place of the old one.'
}

/** Calls the API with what there is: without a token it refuses, and says what it wants. */
async function callApi() {
  const user = await users.getUser()
  const response = await fetch(apiUrl, { headers: user ? { authorization: `Bearer ${user.access_token}` } : {} })
  const challenge = response.headers.get('www-authenticate')
  element('api-result').textContent = [
    `GET ${apiUrl}`,
    `${response.status} ${response.statusText}`,
    ...(challenge ? [`WWW-Authenticate: ${challenge}`] : []),
    '',
    JSON.stringify(await response.json(), null, 2),
  ].join('\n')
  if (response.ok) return 'The API let the call through.'
  return response.status === 401 ? 'The API refused: it wants an access token.' : `The API answered ${response.status}.`
}

let isBusy = false

/** Does one thing at a time, and says how it went. */
async function attempt(doing, work) {
  if (isBusy) return
  isBusy = true
  stage.setAttribute('aria-busy', 'true')
  say(doing)
  try {
    // Who comes back with the back button finds a page that waits no longer.
    say((await work()) ?? NOBODY)
  } catch (error) {
    say(await explain(error))
  } finally {
    isBusy = false
    stage.removeAttribute('aria-busy')
  }
}

function say(text) {
  element('status').textContent = text
}

const PLAIN = {
  access_denied: 'You did not allow it, so this app got nothing.',
  invalid_grant: 'The server has ended this sign-in. Sign in again.',
  temporarily_unavailable: 'The server cannot answer now. Try again.',
}

/** Says what went wrong. A sign-in that the server has ended is ended here as well. */
async function explain(error) {
  if (error instanceof ErrorResponse) {
    if (error.error === 'invalid_grant') await users.removeUser()
    const code = [error.error, error.error_description].filter(Boolean).join(': ')
    return `${PLAIN[error.error] ?? 'The server refused.'} (${code})`
  }
  if (error instanceof TypeError) return 'The server cannot be reached.'
  return `It did not work (${error.message}). Try again.`
}

/** Shows what a user has, and what can be done next. */
function show(user) {
  for (const id of ['sign-in', 'sign-up']) element(id).hidden = user !== null
  for (const id of ['renew', 'sign-out']) element(id).hidden = user === null
  element('tokens').replaceWith(user === null ? noTokens : tokens)
  if (user === null) return
  for (const [name] of TOKENS) element(name).lastChild.replaceChildren(...facts(user[name]))
}

const TOKENS = [
  ['access_token', 'Access token, for the API'],
  ['id_token', 'ID token, for this app'],
  ['refresh_token', 'Refresh token, for the server alone'],
]
const noTokens = element('tokens')
const tokens = make('div', { id: 'tokens' }, ...TOKENS.map(([name, title]) => fold(name, title)))
tokens.firstChild.open = true

function fold(id, title) {
  return make('details', { id }, make('summary', { textContent: title }), make('dl', { className: 'facts' }))
}

function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

/** What a token says. To a real app access and refresh tokens are opaque: only the API and the server read them. */
function facts(token) {
  const [{ typ, alg, kid }, claims] = token.split('.', 2).map(decoded)
  return Object.entries({ header: `${typ}, ${alg}, key ${kid}`, ...claims }).map(([name, value]) =>
    make('div', {}, make('dt', { textContent: name }), make('dd', { textContent: readable(name, value) })),
  )
}

function decoded(part) {
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (byte) => byte.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes))
}

const TIMES = ['iat', 'exp', 'auth_time']

function readable(name, value) {
  if (TIMES.includes(name)) return `${value} (${new Date(value * 1000).toLocaleTimeString('en-GB')})`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

show(null)
await attempt('Starting…', receiveAnswer)
