import type { Database } from './database.ts'
import type { StoredPassword } from './users.ts'

export const passwordStore = (database: Database) => ({
  /** The password of a user, to compare. */
  async find(userId: string): Promise<StoredPassword | undefined> {
    return await database.run((db) =>
      db.selectFrom('password').select(['phc', 'peppered']).where('user_id', '=', userId).executeTakeFirst(),
    )
  },

  /** Replaces a hash by a stronger one of the same password, unless it has changed meanwhile. */
  async upgrade(userId: string, from: StoredPassword, to: StoredPassword): Promise<void> {
    await database.run((db) =>
      db
        .updateTable('password')
        .set({ phc: to.phc, peppered: to.peppered })
        .where('user_id', '=', userId)
        .where('phc', '=', from.phc)
        .execute(),
    )
  },
})
