import type { HourlyCount, Totals } from '../store/statistics.ts'
import { type AdministrationDeps, type Administrator, defineAction } from './action.ts'

/** What happened in an hour or a day. */
export interface Period {
  readonly from: Date
  /** Passwords that were right; a second factor may have been asked for after. */
  readonly signIns: number
  /** Sign-ins that were refused, and wrong codes of second factors. */
  readonly failedSignIns: number
  /** Codes exchanged for tokens. A refresh and a client's own token leave no event: metrics count them. */
  readonly codesRedeemed: number
}

/** What happened lately, oldest first; the last period is not over. */
export interface Statistics {
  readonly now: Date
  /** 24. */
  readonly hours: readonly Period[]
  /** 14, in UTC. */
  readonly days: readonly Period[]
}

const HOUR_MS = 3_600_000
const HOURS = 24
const DAYS = 14

/** The type of event that makes each number. */
const COUNTED = {
  signIns: ['user.signed_in'],
  failedSignIns: ['user.sign_in_failed', 'factor.failed'],
  codesRedeemed: ['code.redeemed'],
} as const satisfies Record<keyof Omit<Period, 'from'>, readonly string[]>

/** How often users signed in, failed to, and got tokens, by hour and by day. */
export const readStatistics = defineAction({
  permission: 'audit:read',
  async run({ store }: AdministrationDeps, { now }, _input: Record<never, never>): Promise<Statistics> {
    const hour = Math.floor(now.getTime() / HOUR_MS)
    const firstDay = hour - (hour % 24) - (DAYS - 1) * 24
    const counts = await store.statistics.countByHour(Object.values(COUNTED).flat(), new Date(firstDay * HOUR_MS))
    return {
      now,
      hours: periods(counts, { first: hour - (HOURS - 1), hours: 1, count: HOURS }),
      days: periods(counts, { first: firstDay, hours: 24, count: DAYS }),
    }
  },
})

/** Folds counts by the hour into periods of some hours each. */
const periods = (
  counts: readonly HourlyCount[],
  { first, hours, count }: { readonly first: number; readonly hours: number; readonly count: number },
): readonly Period[] =>
  Array.from({ length: count }, (_, index) => {
    const from = first + index * hours
    const within = counts.filter(({ hour }) => hour >= from && hour < from + hours)
    const sum = (types: readonly string[]) =>
      within.filter(({ type }) => types.includes(type)).reduce((all, one) => all + one.count, 0)
    return {
      from: new Date(from * HOUR_MS),
      signIns: sum(COUNTED.signIns),
      failedSignIns: sum(COUNTED.failedSignIns),
      codesRedeemed: sum(COUNTED.codesRedeemed),
    }
  })

/** How much there is now of what somebody may read. */
export interface KnownTotals {
  readonly activeSessions?: number
  readonly users?: { readonly total: number; readonly disabled: number }
  readonly clients?: { readonly total: number; readonly disabled: number }
}

/** The totals of what an administrator may read, and of nothing else. */
export async function totalsFor(
  { store }: Pick<AdministrationDeps, 'store'>,
  { permissions }: Administrator,
): Promise<KnownTotals> {
  const { activeSessions, users, disabledUsers, clients, disabledClients }: Totals = await store.statistics.totals()
  return {
    ...(permissions.includes('sessions:read') && { activeSessions }),
    ...(permissions.includes('users:read') && { users: { total: users, disabled: disabledUsers } }),
    ...(permissions.includes('clients:read') && { clients: { total: clients, disabled: disabledClients } }),
  }
}
