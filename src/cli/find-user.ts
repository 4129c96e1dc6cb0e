import { isId } from '../base/random.ts'
import type { Store } from '../store/index.ts'
import type { User } from '../store/users.ts'
import { Refusal } from './refusal.ts'

/** The user whom an operator means. @throws Refusal when there is none */
export async function findUser(store: Pick<Store, 'users'>, login: string): Promise<User> {
  const user = await store.users.find(isId(login) ? { id: login } : { login })
  if (!user) throw new Refusal('there is no such user')
  return user
}
