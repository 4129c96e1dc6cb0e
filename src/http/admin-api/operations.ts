import { z } from 'zod'
import { auditOperations } from './audit.ts'
import { belongingOperations } from './belongings.ts'
import { clientOperations } from './clients.ts'
import { deliveryOperations } from './deliveries.ts'
import { grantOperations } from './grants.ts'
import { keyOperations } from './keys.ts'
import { type Operation, operation } from './operation.ts'
import { resourceOperations } from './resources.ts'
import { roleOperations } from './roles.ts'
import { statisticsOperations } from './statistics.ts'
import { userStandingOperations } from './user-standing.ts'
import { userOperations } from './users.ts'

const whoAmI = operation({
  id: 'whoAmI',
  method: 'GET',
  path: '/me',
  tag: 'me',
  summary: 'Read what your roles let you do here. A page of this server finds its CSRF token in X-CSRF-Token',
  status: 200,
  answer: z
    .strictObject({
      sub: z.string(),
      username: z.string(),
      roles: z.array(z.string()),
      permissions: z.array(z.string()),
    })
    .meta({ id: 'Me' }),
  run: async (_deps, { userId, username, roles, permissions }) => ({
    body: { sub: userId, username, roles, permissions },
  }),
})

/** Every operation of the admin API: what is listed here is served, documented and tested. */
export const OPERATIONS: readonly Operation[] = [
  whoAmI,
  ...userOperations,
  ...userStandingOperations,
  ...belongingOperations,
  ...roleOperations,
  ...grantOperations,
  ...clientOperations,
  ...resourceOperations,
  ...keyOperations,
  ...auditOperations,
  ...deliveryOperations,
  ...statisticsOperations,
]
