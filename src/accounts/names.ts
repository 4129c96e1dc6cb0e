export type UsernameFault = 'length' | 'characters' | 'reserved' | 'taken'
export type EmailFault = 'malformed' | 'taken'

export const SHORTEST_USERNAME = 3
const USERNAME = /^[a-zA-Z0-9_]+$/
const EMAIL = /^[a-zA-Z0-9._%+-]{1,64}@(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]{2,63}$/
const LONGEST_EMAIL = 254 // RFC 5321 §4.5.3.1.3, without the angle brackets

/** Names that would pass for the server or its operators. */
const RESERVED = new Set(
  'admin administrator root system operator postern support help security abuse postmaster hostmaster webmaster noreply null undefined me anonymous'.split(
    ' ',
  ),
)

/** What is wrong with a user name: letters, digits and underscores, 3 up to a setting, none of the reserved. */
export function usernameFault(username: string, most: number): UsernameFault | undefined {
  if (username.length < SHORTEST_USERNAME || username.length > most) return 'length'
  if (!USERNAME.test(username)) return 'characters'
  return RESERVED.has(username.toLowerCase()) ? 'reserved' : undefined
}

/** What is wrong with an e-mail address. Whether it can be reached, only a letter tells. */
export const emailFault = (email: string): EmailFault | undefined =>
  email.length <= LONGEST_EMAIL && EMAIL.test(email) ? undefined : 'malformed'
