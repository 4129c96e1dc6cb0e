/**
 * What somebody may do in the administration of this server. Roles list them; nothing is allowed that is not listed. The
 * role administrator has them all, and those that come later.
 */
export const PERMISSIONS = [
  'users:read',
  'users:write',
  'users:delete',
  'factors:reset',
  'roles:read',
  'roles:write',
  'roles:grant',
  'clients:read',
  'clients:write',
  'secrets:write',
  'resources:read',
  'resources:write',
  'sessions:read',
  'sessions:end',
  'keys:read',
  'keys:rotate',
  'audit:read',
  'deliveries:read',
] as const
export type Permission = (typeof PERMISSIONS)[number]

/** What the role administrator lists instead of every permission. */
const EVERYTHING = '*'

/** The permissions that a list from the database stands for. Names that this version does not know allow nothing. */
export const permissionsOf = (stored: readonly string[]): readonly Permission[] =>
  stored.includes(EVERYTHING) ? PERMISSIONS : PERMISSIONS.filter((permission) => stored.includes(permission))
