// The form of a client: every field of its policy, what it is called, and what it means in a sentence.

/** A field by its name of RFC 7591 §2. */
export interface ClientField {
  readonly name: string
  readonly label: string
  /** What the policy means. */
  readonly hint: string
  /** `lines` holds one entry a line. */
  readonly kind: 'text' | 'lines' | 'check' | 'number' | 'choice' | 'checks'
  readonly options?: readonly (readonly [value: string, label: string])[]
}

export interface ClientFieldset {
  readonly legend: string
  readonly fields: readonly ClientField[]
}

const text = (name: string, label: string, hint: string): ClientField => ({ name, label, hint, kind: 'text' })
const lines = (name: string, label: string, hint: string): ClientField => ({ name, label, hint, kind: 'lines' })
const check = (name: string, label: string, hint: string): ClientField => ({ name, label, hint, kind: 'check' })
const number = (name: string, label: string, hint: string): ClientField => ({ name, label, hint, kind: 'number' })

export const CLIENT_FIELDSETS: readonly ClientFieldset[] = [
  {
    legend: 'What it is',
    fields: [
      text('client_name', 'Name', 'What users read when they sign in and allow it something.'),
      {
        name: 'token_endpoint_auth_method',
        label: 'How it proves who it is',
        hint: 'An app whose code runs at its users’ (a page, a phone, a desktop) cannot keep a secret, and is public.',
        kind: 'choice',
        options: [
          ['none', 'It does not: a public client'],
          ['client_secret_basic', 'By a secret in the Authorization header'],
          ['client_secret_post', 'By a secret in the body'],
        ],
      },
      {
        name: 'grant_types',
        label: 'How it gets tokens',
        hint: 'By codes for users who sign in; anew without them, by refresh tokens; or for itself, by its own credentials.',
        kind: 'checks',
        options: [
          ['authorization_code', 'authorization_code: users sign in'],
          ['refresh_token', 'refresh_token: and stay so'],
          ['client_credentials', 'client_credentials: for itself'],
        ],
      },
    ],
  },
  {
    legend: 'Where it is',
    fields: [
      lines('redirect_uris', 'Redirect URIs', 'Where codes are sent to: one a line, compared letter by letter.'),
      lines('post_logout_redirect_uris', 'After signing out', 'Where users may come back to after they signed out.'),
      lines(
        'allowed_origins',
        'Origins of its scripts',
        'Whose scripts may call the token endpoint. Empty: the origins of the redirect URIs.',
      ),
      text(
        'backchannel_logout_uri',
        'Back-channel logout URI',
        'It is told here when a session of its users has ended.',
      ),
      check(
        'backchannel_logout_session_required',
        'Logout tokens have to name the session',
        'They always do: this says that the client relies on it.',
      ),
    ],
  },
  {
    legend: 'What it may have',
    fields: [
      text('scope', 'Scope', 'What it may ask for, between blanks; all of it where it asks for nothing.'),
      lines('resources', 'Resources', 'The APIs that it may ask tokens for, by identifier: one a line.'),
      check('first_party', 'It is an app of your own', 'Users are not asked whether they allow it what it asks for.'),
    ],
  },
  {
    legend: 'What is demanded',
    fields: [
      check('require_pkce', 'It has to use PKCE', 'A stolen code is then worth nothing. RFC 7636.'),
      check('require_mfa', 'Its users need a second factor', 'Those who have none enrol one before they get in.'),
      check(
        'require_compliant_device',
        'Its users need a compliant device',
        'One whose posture was reported as compliant, and is not out of date.',
      ),
      lines(
        'allowed_networks',
        'Allowed networks',
        'From where its users may come: one CIDR range a line. Empty: any.',
      ),
    ],
  },
  {
    legend: 'How long it lasts',
    fields: [
      number('access_token_lifetime_seconds', 'Access tokens, in seconds', 'Empty: as the server has it, 15 minutes.'),
      number(
        'refresh_token_lifetime_seconds',
        'Refreshing after sign-in, in seconds',
        'After it users sign in again. Empty: as the server has it, 7 days, which is also the most.',
      ),
      number(
        'refresh_token_idle_seconds',
        'Unused refresh tokens, in seconds',
        'Unused for so long, one ends. Empty: never.',
      ),
      number(
        'refresh_retry_seconds',
        'Retrying a refresh, in seconds',
        'How long an answer that got lost may be asked for again. Empty: as the server has it, 30 seconds.',
      ),
      check(
        'refresh_rotation',
        'Refresh tokens rotate',
        'Each is good once, so that the use of a stolen one is noticed.',
      ),
    ],
  },
  {
    legend: 'Who is behind it',
    fields: [
      text('client_uri', 'Home page', 'Linked where users decide.'),
      text('logo_uri', 'Logo', 'Fetched by the server, and shown from there.'),
      text('policy_uri', 'Privacy policy', 'Linked where users decide.'),
      text('tos_uri', 'Terms of service', 'Linked where users decide.'),
      lines('contacts', 'Contacts', 'Who is responsible for it: one a line.'),
    ],
  },
]

export const CLIENT_FIELDS: readonly ClientField[] = CLIENT_FIELDSETS.flatMap(({ fields }) => fields)
