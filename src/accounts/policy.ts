import { blockList } from '../base/networks.ts'

/** Who asks, from where, on what, for whom: everything that the decision looks at. */
export interface AccessRequest {
  readonly user: {
    readonly hasFactor: boolean
    /** A role of theirs demands a second factor. */
    readonly mustHaveFactor: boolean
    /** The networks that their roles allow, one list for each role that names any. */
    readonly allowedNetworks: readonly (readonly string[])[]
  }
  readonly session: { readonly acr: string; readonly device: Device | undefined }
  /** The true peer, behind the counted proxies. */
  readonly address: string
  readonly client: {
    readonly requireMfa: boolean
    readonly allowedNetworks: readonly string[]
    readonly requireCompliantDevice: boolean
  }
  /** What the request or the deployment demands besides. */
  readonly demandsMfa: boolean
  readonly now: Date
}

/** A device that the session is bound to by a secret of the device's own; what a header says of itself is none. */
export interface Device {
  readonly id: string
  readonly posture: string | null
  readonly postureUntil: Date | null
}

export type Denial = 'network not allowed' | 'device not known' | 'device not compliant' | 'posture not fresh'

export type Decision =
  | { readonly decision: 'allow'; readonly reason: 'policy satisfied' }
  | { readonly decision: 'deny'; readonly reason: Denial }
  | {
      readonly decision: 'step-up'
      readonly need: 'second-factor' | 'enrol-factor'
      readonly reason: 'second factor due' | 'no second factor yet'
    }

/**
 * The policy decision point: may this user, in this session, on this device, from this network, have what this client asks?
 * NIST SP 800-207 §2.1. Pure; deny wins over step-up, and a rule that cannot be read denies.
 */
export function decide(request: AccessRequest): Decision {
  const { user, session, client } = request
  const reason = denial({ ...request, ...user, device: session.device })
  if (reason) return { decision: 'deny', reason }
  const isDue = user.hasFactor || user.mustHaveFactor || client.requireMfa || request.demandsMfa
  const isDone = session.acr === 'urn:postern:mfa' && user.hasFactor // one that was taken away since counts no more
  if (!isDue || isDone) return { decision: 'allow', reason: 'policy satisfied' }
  return user.hasFactor
    ? { decision: 'step-up', need: 'second-factor', reason: 'second factor due' }
    : { decision: 'step-up', need: 'enrol-factor', reason: 'no second factor yet' }
}

/** Where, and on what, something is asked for. */
export interface Circumstances extends Pick<AccessRequest, 'address' | 'now'> {
  readonly client: Pick<AccessRequest['client'], 'allowedNetworks' | 'requireCompliantDevice'>
  /** As of the user. */
  readonly allowedNetworks: readonly (readonly string[])[]
  readonly device: Device | undefined
}

/** The part of the decision that no factor can mend: at token issue there is nobody to step up. */
export function denial({ client, allowedNetworks, device, address, now }: Circumstances): Denial | undefined {
  const lists = [client.allowedNetworks, ...allowedNetworks].filter((list) => list.length > 0)
  if (lists.some((list) => !blockList(list).includes(address))) return 'network not allowed'
  return client.requireCompliantDevice ? deviceFault(device, now) : undefined
}

function deviceFault(device: Device | undefined, now: Date) {
  if (!device) return 'device not known'
  if (device.posture !== 'compliant') return 'device not compliant'
  return device.postureUntil && device.postureUntil > now ? undefined : 'posture not fresh'
}
