import QRCode from 'qrcode'
import { type AppView, appsPage } from '../../src/views/account/apps.ts'
import { accountDeletedPage, deleteAccountPage, exportPage } from '../../src/views/account/data.ts'
import { emailPage } from '../../src/views/account/email.ts'
import { type FactorView, factorsPage } from '../../src/views/account/factors.ts'
import { type AccountWarning, accountPage, type OverviewView } from '../../src/views/account/overview.ts'
import { passwordPage } from '../../src/views/account/password.ts'
import { profilePage } from '../../src/views/account/profile.ts'
import { type SessionView, sessionsPage } from '../../src/views/account/sessions.ts'
import { en } from '../../src/views/catalogue/en.ts'
import { enrolScanPage, enrolStartPage, recoveryCodesPage } from '../../src/views/enrolment.ts'
import type { FormView } from '../../src/views/form.ts'
import type { Html } from '../../src/views/html.ts'
import { outboxMailPage, outboxPage } from '../../src/views/outbox.ts'
import type { Frame } from '../../src/views/page.ts'
import type { QrModules } from '../../src/views/qr.ts'
import {
  forgotPasswordPage,
  linkGonePage,
  resetDonePage,
  resetPasswordPage,
  resetSentPage,
} from '../../src/views/recovery.ts'
import { recoveryCodePage, secondFactorPage } from '../../src/views/second-factor.ts'
import { emailVerifiedPage, verifyEmailPage } from '../../src/views/verify-email.ts'
import { mails } from './mails.ts'

const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft <b>&co</b>'
const NOW = new Date('2026-11-22T01:19:07Z')
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1000)
const [MINUTE, HOUR, DAY] = [60, 3600, 86_400]

const form: FormView = { action: '/second-factor/018f', csrf: 'csrf-token', restart: 'sealed-copy' }
const acme = { name: 'Acme Notes' }
const inAccount = { account: 'ada@example.com', signOut: { action: '/logout', csrf: 'csrf-out' }, now: NOW }
const posting = (path: string) => ({ ...inAccount, action: path, csrf: 'csrf-token' })
const password = {
  passwordLength: { min: 12, max: 128 },
  passwordRules: ['length', 'upper', 'lower', 'digit', 'special', 'common', 'personal'],
} as const

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const URI = `otpauth://totp/Example%20ID:ada%40example.com?secret=${SECRET}&issuer=Example%20ID`

/** The QR code of a text, as the server would draw it. */
export function modulesOf(text: string): QrModules {
  const { size, data } = QRCode.create(text).modules
  return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => data[y * size + x] === 1))
}
const scan = { ...form, modules: modulesOf(URI), secret: SECRET, uri: URI, isFirst: true }
const CODES = ['k7mq-x2vd-9rtp', 'h3wz-5bnc-qj8f', 'p6ya-t4ke-2gsm', 'v9dr-n7xh-w3qb', 'c5jt-8mzp-y4kf']
const codes = [...CODES, ...CODES.map((code) => [...code].reverse().join(''))]

const safe: OverviewView = {
  ...inAccount,
  warnings: [],
  username: 'ada',
  name: 'Ada Lovelace',
  email: 'ada@example.com',
  isEmailVerified: true,
  passwordChangedAt: ago(3 * DAY),
  factors: 2,
  recoveryCodesLeft: 9,
  sessions: 3,
  apps: 2,
}
const warnings = Object.keys(en.overview.warning) as AccountWarning[]

const phone: FactorView = { id: '018f-1', name: 'Phone', addedAt: ago(40 * DAY), lastUsedAt: ago(2 * HOUR) }
const laptop: FactorView = { id: '018f-2', name: LONG, addedAt: ago(90) }
const factors = {
  ...posting('/account/second-factor'),
  factors: [phone, laptop],
  recoveryCodesLeft: 9,
  isRequired: false,
}

const UA = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const here: SessionView = {
  id: '0190-1',
  userAgent: UA,
  address: '203.0.113.0/24',
  createdAt: ago(2 * DAY),
  lastSeenAt: ago(5),
  isCurrent: true,
}
const others: readonly SessionView[] = [
  {
    ...here,
    id: '0190-2',
    isCurrent: false,
    lastSeenAt: ago(25 * MINUTE),
    address: '2001:db8:85a3:8d3::/64',
    userAgent:
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1',
  },
  { ...here, id: '0190-3', isCurrent: false, createdAt: ago(9 * DAY), lastSeenAt: ago(8 * DAY), userAgent: 'curl/8' },
]
const apps: readonly AppView[] = [
  {
    clientId: 'notes',
    name: 'Acme Notes',
    scopes: [{ name: 'openid' }, { name: 'profile' }, { name: 'offline_access' }],
    since: ago(200 * DAY),
    lastUsedAt: ago(3 * HOUR),
  },
  {
    clientId: 'https://other.example/"><script>',
    name: LONG,
    logo: '/favicon.ico',
    scopes: [{ name: 'invoices:read', description: 'Read your invoices', resource: 'Acme Billing' }],
    since: ago(DAY),
  },
]
const profile = {
  ...posting('/account/profile'),
  username: 'ada',
  email: 'ada@example.com',
  isEmailVerified: true,
  values: { name: 'Ada Lovelace', given_name: 'Ada' },
}
const withoutEmail = ({ email: _, ...view }: typeof profile) => ({ ...view, isEmailVerified: false, values: {} })

type Stated = readonly [name: string, markup: Html, isFault?: boolean]

/** The pages of second factors, recovery and the account, in every state. */
export const accountStates = (frame: Frame): readonly Stated[] => [
  ...secondFactors(frame),
  ...overviews(frame),
  ...sections(frame),
  ...recovery(frame),
]

function secondFactors(frame: Frame): readonly Stated[] {
  const one = { ...form, client: acme, authenticators: ['Phone'], recoveryHref: '/recovery-code/018f' }
  const who = { account: { name: 'ada@example.com', switchAction: '/second-factor/018f/switch' } }
  const start = { ...form, client: acme, isFirst: true, reason: 'policy' } as const
  const shown = { ...form, codes, downloadHref: '/account/recovery-codes.txt', isEnrolment: true }
  return [
    ['second-factor', secondFactorPage({ ...one, ...who }, frame)],
    ['second-factor, unnamed', secondFactorPage({ action: '/2', csrf: 'c', authenticators: [] }, frame)],
    ['second-factor, several', secondFactorPage({ ...one, authenticators: ['Phone', 'Laptop', LONG] }, frame)],
    ['second-factor, refused', secondFactorPage({ ...one, ...who, fault: { kind: 'refused' } }, frame), true],
    ['second-factor, empty', secondFactorPage({ ...one, fault: { kind: 'missing' } }, frame), true],
    ['second-factor, wait', secondFactorPage({ ...one, fault: { kind: 'wait', seconds: 240 } }, frame), true],
    ['recovery-code', recoveryCodePage({ ...form, client: acme, authenticatorHref: '/second-factor/018f' }, frame)],
    ['recovery-code, refused', recoveryCodePage({ ...form, ...who, fault: { kind: 'refused' } }, frame), true],
    ['recovery-code, empty', recoveryCodePage({ ...form, fault: { kind: 'missing' } }, frame), true],
    ['enrolment, start', enrolStartPage(start, frame)],
    ['enrolment, another', enrolStartPage({ ...form, isFirst: false, reason: 'wish', cancelHref: '/account' }, frame)],
    ['enrolment, scan', enrolScanPage({ ...scan, cancelHref: '/account' }, frame)],
    ['enrolment, scan refused', enrolScanPage({ ...scan, fault: { kind: 'refused' } }, frame), true],
    ['enrolment, scan wait', enrolScanPage({ ...scan, fault: { kind: 'wait', seconds: 30 } }, frame), true],
    ['recovery-codes', recoveryCodesPage(shown, frame)],
    ['recovery-codes, unsaved', recoveryCodesPage({ ...shown, isEnrolment: false, isUnsaved: true }, frame), true],
  ]
}

const overviews = (frame: Frame): readonly Stated[] => [
  ['account', accountPage(safe, frame)],
  [
    'account, everything to look at',
    accountPage(
      {
        ...inAccount,
        warnings,
        account: LONG,
        username: LONG,
        isEmailVerified: false,
        factors: 0,
        recoveryCodesLeft: 0,
        sessions: 1,
        apps: 0,
      },
      frame,
    ),
  ],
  ['account, notice', accountPage({ ...safe, notice: 'passwordChanged' }, frame)],
]

function sections(frame: Frame): readonly Stated[] {
  const changing = { ...posting('/account/password'), ...password, username: 'ada' }
  const deleting = { ...posting('/account/delete'), username: 'ada' }
  const email = { ...posting('/account/email'), email: 'ada@example.com', isVerified: true }
  return [
    ['password', passwordPage(changing, frame)],
    [
      'password, faults',
      passwordPage({ ...changing, faults: { current: 'wrong', password: ['length', 'digit'] } }, frame),
      true,
    ],
    [
      'password, empty',
      passwordPage({ ...changing, faults: { current: 'missing', password: 'missing' } }, frame),
      true,
    ],
    ['password, same', passwordPage({ ...changing, faults: { password: 'same' } }, frame), true],
    ['password, wait', passwordPage({ ...changing, faults: { waitSeconds: 50 } }, frame), true],
    ['factors', factorsPage(factors, frame)],
    ['factors, none', factorsPage({ ...factors, factors: [] }, frame)],
    ['factors, last and required', factorsPage({ ...factors, factors: [phone], isRequired: true }, frame)],
    ['factors, last', factorsPage({ ...factors, factors: [phone], notice: 'factorAdded' }, frame)],
    ['sessions', sessionsPage({ ...posting('/account/sessions'), sessions: [here, ...others] }, frame)],
    [
      'sessions, one',
      sessionsPage({ ...posting('/account/sessions'), sessions: [here], notice: 'sessionEnded' }, frame),
    ],
    ['apps', appsPage({ ...posting('/account/apps'), apps }, frame)],
    ['apps, none', appsPage({ ...posting('/account/apps'), apps: [], notice: 'appRevoked' }, frame)],
    ['profile', profilePage(profile, frame)],
    ['profile, empty', profilePage(withoutEmail(profile), frame)],
    [
      'profile, faults',
      profilePage(
        {
          ...profile,
          isEmailVerified: false,
          values: { name: LONG },
          faults: { name: 'length', nickname: 'characters' },
        },
        frame,
      ),
      true,
    ],
    ['email', emailPage(email, frame)],
    ['email, unverified', emailPage({ ...email, isVerified: false, notice: 'verificationSent' }, frame)],
    ['email, none', emailPage({ ...posting('/account/email'), isVerified: false }, frame)],
    ['email, pending', emailPage({ ...email, pending: 'countess@example.com', notice: 'emailRequested' }, frame)],
    ['email, fault', emailPage({ ...email, typed: 'ada@', faults: { email: 'malformed' } }, frame), true],
    [
      'email, same',
      emailPage({ ...email, typed: email.email, faults: { email: 'same', waitSeconds: 9 } }, frame),
      true,
    ],
    ['data', exportPage({ ...inAccount, downloadHref: '/account/data.json' }, frame)],
    ['delete-account', deleteAccountPage(deleting, frame)],
    [
      'delete-account, faults',
      deleteAccountPage({ ...deleting, faults: { username: 'wrong', password: 'wrong' } }, frame),
      true,
    ],
    [
      'delete-account, empty',
      deleteAccountPage({ ...deleting, username: LONG, faults: { username: 'missing', password: 'missing' } }, frame),
      true,
    ],
    ['delete-account, last administrator', deleteAccountPage({ ...deleting, isLastAdministrator: true }, frame)],
    ['delete-account, done', accountDeletedPage(frame)],
  ]
}

function recovery(frame: Frame): readonly Stated[] {
  const asking = { action: '/forgot-password', csrf: 'csrf-token', signInHref: '/login' }
  const sent = { lifetimeSeconds: 900, againHref: '/forgot-password', signInHref: '/login' }
  const resetting = { action: '/reset-password', csrf: 'csrf-token', ...password, username: 'ada' }
  const [first] = mails(frame)
  const listed = mails(frame).map(([, { subject }], place) => ({
    subject,
    to: 'ada@example.com',
    time: ago(place * HOUR),
    href: `/outbox/${place}`,
  }))
  const one = { to: LONG, time: NOW, subject: first?.[1].subject ?? '', text: first?.[1].text ?? '' }
  return [
    ['forgot-password', forgotPasswordPage(asking, frame)],
    ['forgot-password, empty', forgotPasswordPage({ ...asking, fault: { kind: 'missing' } }, frame), true],
    [
      'forgot-password, wait',
      forgotPasswordPage({ ...asking, login: 'ada', fault: { kind: 'wait', seconds: 61 } }, frame),
      true,
    ],
    ['reset-sent', resetSentPage(sent, frame)],
    ['reset-sent, outbox', resetSentPage({ ...sent, outboxHref: '/outbox' }, frame)],
    ['reset-password', resetPasswordPage(resetting, frame)],
    [
      'reset-password, faults',
      resetPasswordPage({ ...resetting, faults: { password: ['common'], waitSeconds: 8 } }, frame),
      true,
    ],
    ['reset-done', resetDonePage({ hasSecondFactor: true, signInHref: '/login' }, frame)],
    ['link-gone', linkGonePage({ againHref: '/forgot-password' }, frame), true],
    ['link-gone, no other', linkGonePage({}, frame), true],
    ['verify-email', verifyEmailPage({ action: '/verify-email', csrf: 'c', email: 'ada@example.com' }, frame)],
    ['verify-email, done', emailVerifiedPage({ email: LONG, continueHref: '/account' }, frame)],
    ['outbox', outboxPage({ mails: listed }, frame)],
    ['outbox, empty', outboxPage({ mails: [] }, frame)],
    ['outbox, one', outboxMailPage({ ...one, outboxHref: '/outbox' }, frame)],
  ]
}
