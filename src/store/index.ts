// store: the only room with SQL. One function is one fact, told by one statement wherever that can be: it says what
// happened, and its audit event is written by the same statement. No rule of the standard is decided here.

import { accountStore } from './account.ts'
import { actionTokenStore } from './action-tokens.ts'
import { administrationStore } from './administration.ts'
import { auditStore } from './audit.ts'
import { auditChainStore } from './audit-chain.ts'
import { auditTrailStore } from './audit-trail.ts'
import { authorizationCodeStore } from './authorization-codes.ts'
import { clientStore } from './clients.ts'
import type { Database } from './database.ts'
import { grantStore } from './grants.ts'
import { idempotentCallStore } from './idempotent-calls.ts'
import { interactionStore } from './interactions.ts'
import { knownDeviceStore } from './known-devices.ts'
import { leaseStore } from './leases.ts'
import { mailLinkStore } from './mail-links.ts'
import { outboxStore } from './outbox.ts'
import { passwordStore } from './passwords.ts'
import { pushedRequestStore } from './pushed-requests.ts'
import { recoveryCodeStore } from './recovery-codes.ts'
import { refreshFamilyStore } from './refresh-families.ts'
import { refusalStore } from './refusals.ts'
import { rekeyStore } from './rekey.ts'
import { resourceStore } from './resources.ts'
import { revokedTokenStore } from './revoked-tokens.ts'
import { roleStore } from './roles.ts'
import { secondFactorStore } from './second-factors.ts'
import { sessionStore } from './sessions.ts'
import { deploymentSecretStore, signingKeyStore } from './signing-keys.ts'
import { statisticsStore } from './statistics.ts'
import { sweepStore } from './sweep.ts'
import { type Throttle, throttleStore } from './throttle.ts'
import { userProfileStore } from './user-profiles.ts'
import { userRoleStore } from './user-roles.ts'
import { userStore } from './users.ts'
import { vitalsStore } from './vitals.ts'

/** Every fact that can be asked or stored, table by table. @param throttle where the limits are kept, if elsewhere */
export const createStore = (
  database: Database,
  policy: { readonly sessionIdleSeconds: number },
  throttle: Throttle = throttleStore(database),
) => ({
  time: () => database.time(),
  close: () => database.close(),
  account: accountStore(database, policy.sessionIdleSeconds),
  actionTokens: actionTokenStore(database),
  administration: administrationStore(database),
  audit: auditStore(database),
  auditChain: auditChainStore(database),
  auditTrail: auditTrailStore(database),
  authorizationCodes: authorizationCodeStore(database),
  clients: clientStore(database),
  deploymentSecrets: deploymentSecretStore(database),
  grants: grantStore(database, policy.sessionIdleSeconds),
  idempotentCalls: idempotentCallStore(database),
  interactions: interactionStore(database, policy.sessionIdleSeconds),
  knownDevices: knownDeviceStore(database),
  leases: leaseStore(database),
  mailLinks: mailLinkStore(database),
  outbox: outboxStore(database),
  passwords: passwordStore(database),
  pushedRequests: pushedRequestStore(database),
  recoveryCodes: recoveryCodeStore(database),
  refreshFamilies: refreshFamilyStore(database),
  rekey: rekeyStore(database),
  refusals: refusalStore(database),
  resources: resourceStore(database),
  revokedTokens: revokedTokenStore(database),
  roles: roleStore(database),
  secondFactors: secondFactorStore(database),
  sessions: sessionStore(database, policy.sessionIdleSeconds),
  signingKeys: signingKeyStore(database),
  statistics: statisticsStore(database, policy.sessionIdleSeconds),
  sweep: sweepStore(database),
  throttle,
  userProfiles: userProfileStore(database),
  userRoles: userRoleStore(database),
  users: userStore(database),
  vitals: vitalsStore(database),
})

export type Store = ReturnType<typeof createStore>
