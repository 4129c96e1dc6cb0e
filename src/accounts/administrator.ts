/** The role that may do everything. The schema makes it, and demands a second factor of whoever holds it. */
export const ADMINISTRATOR = 'administrator'
