import type { Permission } from '../protocol/permission.ts'
import type { AdministrativeEvent } from '../store/statistics.ts'
import { type AdministrationDeps, type Administrator, defineAction } from './action.ts'
import type { Finding } from './doctor/finding.ts'
import { findingsOf } from './doctor/findings.ts'
import { type KeyTimeline, listKeys } from './keys.ts'
import { type KnownTotals, readStatistics, type Statistics, totalsFor } from './statistics.ts'

const EVENTS = 8
const EVENT_DAYS = 30
const DAY_MS = 86_400_000

type Nothing = Record<never, never>

/** The latest of what administrators and operators did. */
const listAdministration = defineAction({
  permission: 'audit:read',
  async run(
    { store }: AdministrationDeps,
    { permissions, now },
    _input: Nothing,
  ): Promise<readonly AdministrativeEvent[]> {
    const events = await store.statistics.latestAdministration(EVENTS, new Date(now.getTime() - EVENT_DAYS * DAY_MS))
    return permissions.includes('users:read') ? events : events.map(nameless)
  },
})

const nameless = (event: AdministrativeEvent): AdministrativeEvent => ({ ...event, actorName: null, userName: null })

/** What `doctor` finds in a running server: faults and weaknesses, the worst first. */
const listFindings = defineAction({
  permission: 'audit:read',
  async run(deps: AdministrationDeps, _actor, _input: Nothing): Promise<readonly Finding[]> {
    const found = (await findingsOf(deps)).filter(({ severity }) => severity !== 'ok')
    return found.toSorted((one, other) => one.severity.localeCompare(other.severity)) // error, warning
  },
})

/** The keys that sign now and next, and when the server lets them change places by itself. */
export interface KeyOutlook {
  readonly now: Date
  readonly current: KeyTimeline | undefined
  readonly next: KeyTimeline | undefined
  readonly rotatesAt: Date | undefined
}

async function keyOutlook(deps: AdministrationDeps, actor: Administrator): Promise<KeyOutlook> {
  const { now, keys } = await listKeys.run(deps, actor, {})
  const current = keys.find(({ state }) => state === 'current')
  const since = current?.activatedAt?.getTime()
  return {
    now,
    current,
    next: keys.find(({ state }) => state === 'next'),
    rotatesAt: since === undefined ? undefined : new Date(since + deps.config.signingKeyRotationDays * DAY_MS),
  }
}

/** How the server does, as far as an administrator may know: what they may not read is absent. */
export interface Dashboard {
  readonly totals: KnownTotals
  readonly statistics: Statistics | undefined
  readonly keys: KeyOutlook | undefined
  readonly findings: readonly Finding[] | undefined
  readonly events: readonly AdministrativeEvent[] | undefined
}

/** Gathers what an administrator may know. */
export async function dashboardFor(deps: AdministrationDeps, actor: Administrator): Promise<Dashboard> {
  const where = async <T>(permission: Permission, read: () => Promise<T>): Promise<T | undefined> =>
    actor.permissions.includes(permission) ? await read() : undefined
  const [totals, statistics, keys, findings, events] = await Promise.all([
    totalsFor(deps, actor),
    where(readStatistics.permission, () => readStatistics.run(deps, actor, {})),
    where(listKeys.permission, () => keyOutlook(deps, actor)),
    where(listFindings.permission, () => listFindings.run(deps, actor, {})),
    where(listAdministration.permission, () => listAdministration.run(deps, actor, {})),
  ])
  return { totals, statistics, keys, findings, events }
}
