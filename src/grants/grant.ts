// grants: one file, one grant. A grant judges, spends what is single-use, and says what was authorized; it signs nothing.

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Caller } from '../clients/authenticate-client.ts'
import type { Directory } from '../clients/find-client.ts'
import type { KeyRing } from '../keys/signing-keys.ts'
import type { GrantType } from '../protocol/client.ts'
import type { Parameters } from '../protocol/parameters.ts'
import type { Store } from '../store/index.ts'
import type { Log } from '../telemetry/log.ts'
import type { Authorization } from '../tokens/authorization.ts'

export interface GrantDeps {
  readonly clock: Clock
  readonly random: Random
  readonly keys: KeyRing
  readonly directory: Directory
  readonly store: Pick<Store, 'authorizationCodes' | 'refreshFamilies' | 'audit'>
  readonly log: Pick<Log, 'error'>
  readonly config: {
    readonly issuer: string
    readonly accessTokenSeconds: number
    readonly refreshTokenSeconds: number
    readonly refreshRetrySeconds: number
  }
}

export interface Grant {
  readonly type: GrantType
  /** Judges the request, spends, and gives what tokens are to be minted from. @throws OAuthError */
  redeem(deps: GrantDeps, caller: Caller, parameters: Parameters): Promise<Authorization>
}
