import type { PageErrorCode } from '../../src/protocol/error.ts'
import type { NewAccountView } from '../../src/views/account-fields.ts'
import { accountReadyPage } from '../../src/views/account-ready.ts'
import { en } from '../../src/views/catalogue/en.ts'
import type { Catalogue } from '../../src/views/catalogue/index.ts'
import { consentPage } from '../../src/views/consent.ts'
import { demoPage } from '../../src/views/demo.ts'
import { errorPage } from '../../src/views/error.ts'
import { firstAdministratorPage } from '../../src/views/first-administrator.ts'
import type { FormView } from '../../src/views/form.ts'
import { formPostPage } from '../../src/views/form-post.ts'
import { alreadyCompletedPage, expiredPage } from '../../src/views/interrupted.ts'
import { logOutPage, signedOutPage } from '../../src/views/log-out.ts'
import type { Frame } from '../../src/views/page.ts'
import { signInPage } from '../../src/views/sign-in.ts'
import { signUpPage } from '../../src/views/sign-up.ts'
import { wrongHostPage } from '../../src/views/wrong-host.ts'
import { accountStates } from './account-states.ts'

/** One page in one state, as a person could meet it. */
export interface State {
  readonly name: string
  readonly isFault: boolean
  readonly markup: string
}

const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft <b>&co</b>'
const form: FormView = { action: '/sign-in/018f', csrf: 'csrf-token', restart: 'sealed-copy' }
const acme = { name: 'Acme Notes' }
const account: NewAccountView = {
  usernameLength: { min: 3, max: 30 },
  passwordLength: { min: 12, max: 128 },
  passwordRules: ['length', 'upper', 'lower', 'digit', 'special', 'common', 'personal'],
}
const faulty: NewAccountView = {
  ...account,
  email: 'ada@',
  username: 'a',
  faults: { email: 'malformed', username: 'length', password: ['length', 'upper', 'digit'] },
}
const consent = {
  ...form,
  client: acme,
  redirectUri: 'https://notes.acme.example/callback?tenant=7',
  redirectHost: 'notes.acme.example',
  account: 'ada@example.com',
  switchAccountAction: '/sign-in/018f/switch',
  scopes: [{ name: 'openid' }, { name: 'profile' }, { name: 'email' }, { name: 'offline_access' }],
}
const errorCodes = Object.keys(en.error.page) as readonly PageErrorCode[]
const incident = { requestId: '0190f7a2-6c1e-7d3a-9f55-3f0c2a1b4e77', time: new Date('2026-11-22T01:19:07Z') }

/** Every page in every state, in the words given. */
export function states(words: Catalogue, issuer = 'https://id.example.com'): readonly State[] {
  const frame: Frame = { words, issuer, deploymentName: 'Example ID' }
  const state = (name: string, markup: { toString(): string }, isFault = false): State => ({
    name,
    isFault,
    markup: markup.toString(),
  })
  const links = { forgotPasswordHref: '/forgot-password', signUpHref: '/sign-up/018f' }
  return [
    state('sign-in', signInPage({ ...form, client: acme, ...links }, frame)),
    state('sign-in, for our own pages', signInPage({ action: '/login', csrf: 'c' }, frame)),
    state('sign-in, once more', signInPage({ action: '/login', csrf: 'c', username: 'ada', isFresh: true }, frame)),
    state('sign-in, prefilled', signInPage({ ...form, client: acme, username: 'ada@example.com' }, frame)),
    state(
      'sign-in, refused',
      signInPage({ ...form, client: acme, ...links, username: 'ada', fault: { kind: 'refused' } }, frame),
      true,
    ),
    state(
      'sign-in, empty',
      signInPage({ ...form, client: acme, fault: { kind: 'missing', fields: ['username', 'password'] } }, frame),
      true,
    ),
    state(
      'sign-in, wait',
      signInPage({ ...form, client: acme, username: 'ada', fault: { kind: 'wait', seconds: 90 } }, frame),
      true,
    ),
    state('sign-in, long names', signInPage({ ...form, client: { name: LONG }, username: LONG }, frame)),
    state('sign-up', signUpPage({ ...form, ...account, client: acme, signInHref: '/sign-in/018f' }, frame)),
    state(
      'sign-up, faults',
      signUpPage({ ...form, ...faulty, client: acme, signInHref: '/sign-in/018f' }, frame),
      true,
    ),
    state(
      'sign-up, taken',
      signUpPage(
        {
          ...form,
          ...account,
          email: 'ada@example.com',
          username: 'ada',
          faults: { email: 'taken', username: 'taken' },
        },
        frame,
      ),
      true,
    ),
    state(
      'sign-up, other faults',
      signUpPage(
        {
          ...form,
          ...account,
          faults: { username: 'reserved', password: ['lower', 'special', 'common', 'personal'] },
        },
        frame,
      ),
      true,
    ),
    state('sign-up, wait', signUpPage({ ...form, ...account, faults: { waitSeconds: 4000 } }, frame), true),
    state('sign-up, invited', signUpPage({ ...form, ...account, email: 'ada@example.com', isEmailFixed: true }, frame)),
    state(
      'sign-up, empty',
      signUpPage(
        { ...form, ...account, faults: { email: 'missing', username: 'missing', password: 'missing' } },
        frame,
      ),
      true,
    ),
    state('account-ready', accountReadyPage({ username: 'ada', accountHref: '/account' }, frame)),
    state('consent', consentPage(consent, frame)),
    state('consent, logo', consentPage({ ...consent, client: { ...acme, logo: '/favicon.ico' } }, frame)),
    state(
      'consent, warnings and resources',
      consentPage(
        {
          ...consent,
          redirectUri: 'http://127.0.0.1:53682/',
          redirectHost: '127.0.0.1:53682',
          scopes: [
            { name: 'openid' },
            { name: 'invoices:read', description: 'Read your invoices', resource: 'Acme Billing' },
            { name: 'invoices:write', resource: 'https://billing.acme.example' },
            { name: 'legacy' },
            { name: 'reports', description: 'Make reports' },
          ],
          warnings: ['loopback', 'selfRegistered'],
        },
        frame,
      ),
    ),
    state(
      'consent, long names',
      consentPage(
        {
          ...consent,
          client: { name: LONG },
          account: LONG,
          redirectUri: `com.example.app:/${'a'.repeat(300)}`,
          redirectHost: `${'a'.repeat(60)}.example`,
          scopes: [{ name: LONG.replaceAll(' ', '_') }],
        },
        frame,
      ),
    ),
    state('consent, app on this device', consentPage(withoutHost(consent), frame)),
    state('log-out', logOutPage({ ...form, client: acme, account: 'ada@example.com' }, frame)),
    state('log-out, nobody proved', logOutPage({ action: '/logout', csrf: 'c' }, frame)),
    state('signed-out', signedOutPage({ clientName: 'Acme Notes', signInHref: '/login' }, frame)),
    state('signed-out, nobody proved', signedOutPage({}, frame)),
    ...errorCodes.map((code) => state(`error, ${code}`, errorPage({ code, ...incident }, frame), true)),
    state(
      'error, everything',
      errorPage({ code: 'too_many_requests', ...incident, clientName: LONG, waitSeconds: 45, startAgain: form }, frame),
      true,
    ),
    state('error, link', errorPage({ code: 'unavailable', ...incident, startAgain: { href: '/login' } }, frame), true),
    state(
      'wrong-host',
      wrongHostPage(
        {
          configured: issuer,
          received: 'http://10.0.0.7:3000',
          differences: [
            { name: 'Host', configured: 'id.example.com', received: '10.0.0.7:3000' },
            { name: 'X-Forwarded-Proto', configured: 'https' },
          ],
        },
        frame,
      ),
      true,
    ),
    state('first-administrator', firstAdministratorPage({ state: 'form', ...form, ...account }, frame)),
    state('first-administrator, faults', firstAdministratorPage({ state: 'form', ...form, ...faulty }, frame), true),
    state(
      'first-administrator, done',
      firstAdministratorPage({ state: 'done', username: 'ada', signInHref: '/login' }, frame),
    ),
    state(
      'first-administrator, expired',
      firstAdministratorPage({ state: 'expired', command: 'npx postern admin-link' }, frame),
      true,
    ),
    state('expired', expiredPage({ clientName: 'Acme Notes', startAgain: form }, frame)),
    state('expired, no copy', expiredPage({}, frame)),
    state('completed', alreadyCompletedPage({ clientName: 'Acme Notes', returnHref: 'http://localhost:5173/' }, frame)),
    state('completed, nobody proved', alreadyCompletedPage({}, frame)),
    state(
      'form-post',
      formPostPage(
        { action: 'https://notes.acme.example/callback', fields: { code: 'ac_1', state: '"><script>', iss: issuer } },
        frame,
      ),
    ),
    state(
      'demo',
      demoPage(
        {
          script: '/demo/assets/demo.js',
          clientId: 'demo',
          redirectUri: 'http://localhost:3000/demo',
          apiUrl: 'http://localhost:3000/demo/api',
        },
        frame,
      ),
    ),
    ...accountStates(frame).map(([name, markup, isFault]) => state(name, markup, isFault)),
  ]
}

const withoutHost = ({ redirectHost: _, ...view }: typeof consent) => ({
  ...view,
  redirectUri: 'com.acme.notes:/callback',
})
