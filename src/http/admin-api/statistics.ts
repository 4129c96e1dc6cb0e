import { z } from 'zod'
import { type Period, readStatistics, totalsFor } from '../../administration/statistics.ts'
import { operation } from './operation.ts'
import { instantOut } from './schemas.ts'

const period = z
  .strictObject({ from: instantOut, sign_ins: z.int(), failed_sign_ins: z.int(), codes_redeemed: z.int() })
  .meta({ id: 'Period' })
const amount = z.strictObject({ total: z.int(), disabled: z.int() })

const periodOut = ({ from, signIns, failedSignIns, codesRedeemed }: Period): z.input<typeof period> => ({
  from,
  sign_ins: signIns,
  failed_sign_ins: failedSignIns,
  codes_redeemed: codesRedeemed,
})

export const statisticsOperations = [
  operation({
    id: 'readStatistics',
    method: 'GET',
    path: '/statistics',
    tag: 'audit',
    summary:
      'Read how often users signed in, failed to and got tokens, by hour and day, and how much there is of what you may read',
    action: readStatistics,
    status: 200,
    answer: z.strictObject({
      at: instantOut,
      hours: z.array(period),
      days: z.array(period),
      active_sessions: z.int().optional(),
      users: amount.optional(),
      clients: amount.optional(),
    }),
    async run(deps, actor) {
      const { now, hours, days } = await readStatistics.run(deps, actor, {})
      const { activeSessions: active_sessions, ...totals } = await totalsFor(deps, actor)
      return { body: { at: now, hours: hours.map(periodOut), days: days.map(periodOut), active_sessions, ...totals } }
    },
  }),
]
