import { isId } from '../base/random.ts'
import type { UserWithRights } from '../store/users.ts'
import type { AdministrationDeps } from './action.ts'
import { notFound } from './refused.ts'

/** The user that an action is about, with what their own roles let them do. @throws Refused */
export async function findTarget({ store }: AdministrationDeps, id: string): Promise<UserWithRights> {
  const user = isId(id) ? await store.users.findWithRights(id) : undefined
  if (!user) throw notFound('user')
  return user
}
