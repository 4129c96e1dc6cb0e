import { z } from 'zod'
import { emailFault } from '../accounts/names.ts'
import { isStrongHash } from '../accounts/password.ts'
import { type Digest, digestOf } from '../base/digest.ts'
import { type ClientPolicy, clientMetadata, network } from '../protocol/client-metadata.ts'
import { PERMISSIONS } from '../protocol/permission.ts'
import { identifier, resourceMetadata, scopeToken } from '../protocol/resource-metadata.ts'
import { userClaims } from '../protocol/standard-claims.ts'

const printable = z.string().regex(/^[^\p{C}]*$/u, { error: 'must not contain control characters' })
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/, { error: 'must be 1 to 64 of A-Z a-z 0-9 _ . : -' })
/** A role, with what it demands of who holds it, and what it allows them. What is left out is left as it is stored. */
const roleFacts = z.strictObject({
  name,
  description: printable.max(300).optional(),
  require_mfa: z.boolean().optional(),
  allowed_networks: z.array(network).max(100).optional(),
  permissions: z
    .array(z.enum(PERMISSIONS))
    .max(PERMISSIONS.length)
    .transform((given) => [...new Set(given)].sort())
    .optional(),
  scopes: z
    .record(identifier, z.array(scopeToken).max(200))
    .transform((given) =>
      Object.fromEntries(Object.entries(given).map(([at, names]) => [at, [...new Set(names)].sort()])),
    )
    .optional(),
})
export type DeclaredRole = z.output<typeof roleFacts>
export const declaredRole = z
  .union([name, roleFacts], { error: 'must be a name, or a mapping of name and description' })
  .transform((given): DeclaredRole => (typeof given === 'string' ? { name: given, description: undefined } : given))

const SHORTEST_SECRET = 32
const DIGEST = { hex: /^[0-9a-f]{64}$/i, base64url: /^[\w-]{43}$/ } as const

/** What is wrong with a client secret that somebody chose. RFC 6749 appendix A.2 */
export function clientSecretFault(secret: string): string | undefined {
  if (!/^[\x20-\x7e]*$/.test(secret)) return 'must be printable ASCII (RFC 6749 appendix A.2)'
  return secret.length < SHORTEST_SECRET ? `must have at least ${SHORTEST_SECRET} characters` : undefined
}

function secretDigest(text: string): Digest {
  const encoding = DIGEST.hex.test(text) ? 'hex' : 'base64url'
  return Buffer.from(text, encoding) as Digest // proved by the schema: it is 32 bytes
}

const clientSecret = {
  client_secret: z
    .string()
    .superRefine((secret, context) => {
      const message = clientSecretFault(secret)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })
    .optional(),
  client_secret_sha256: z
    .string()
    .refine((text) => DIGEST.hex.test(text) || DIGEST.base64url.test(text), {
      error: 'must be a SHA-256 digest, in hex or base64url',
    })
    .optional(),
  client_secret_file: z.string().min(1).optional(),
}

/** A client's policy as the file says it. */
export interface DeclaredClient {
  readonly policy: ClientPolicy
  /** `undefined` leaves an existing client enabled or disabled as it is: what an operator stopped stays stopped. */
  readonly disabled: boolean | undefined
  readonly secret: Digest | undefined
  /** A file that holds the secret instead. */
  readonly secretFile: string | undefined
}

/** A client: its metadata, and one way to tell its secret. */
export const declaredClient = z
  .strictObject({ ...clientMetadata.in.shape, disabled: z.boolean().optional(), ...clientSecret })
  .transform((given, context): DeclaredClient => {
    const { client_secret: secret, client_secret_sha256: digest, client_secret_file: secretFile, ...metadata } = given
    const ways = Object.keys(clientSecret).filter((way) => way in given)
    const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message })
    const [, second] = ways
    if (second !== undefined) refuse(second, `is told twice: keep one of ${ways.join(', ')}`)
    // RFC 7591 §2: "If unspecified or omitted, the default is client_secret_basic"; without a secret there is only `none`.
    const method = metadata.token_endpoint_auth_method ?? (ways.length > 0 ? 'client_secret_basic' : 'none')
    if (method === 'none' && ways[0] !== undefined) refuse(ways[0], 'a public client (none) has no secret')
    const parsed = clientMetadata.safeParse({ ...metadata, token_endpoint_auth_method: method })
    if (!parsed.success) {
      for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message })
      return z.NEVER
    }
    return {
      policy: parsed.data,
      disabled: metadata.disabled,
      secret: secret !== undefined ? digestOf(secret) : digest === undefined ? undefined : secretDigest(digest),
      secretFile,
    }
  })

/** A user: names, one way to tell the password, roles, and standard claims. What is left out is left as it is. */
export const declaredUser = z
  .strictObject({
    username: z.string(),
    email: z
      .string()
      .refine((email) => emailFault(email) === undefined, { error: 'is no e-mail address' })
      .optional(),
    email_verified: z.boolean().optional(),
    password: z.string().min(1).optional(),
    password_hash: z
      .string()
      .refine(isStrongHash, { error: 'must be an argon2id hash in PHC format, of at least 8 MiB' })
      .optional(),
    roles: z.array(z.string()).max(100).optional(),
    disabled: z.boolean().optional(),
    ...userClaims.shape,
  })
  .transform(({ username, email, email_verified, password, password_hash, roles, disabled, ...claims }, context) => {
    if (password !== undefined && password_hash !== undefined) {
      context.addIssue({ code: 'custom', path: ['password_hash'], message: 'is told twice: keep one of the two' })
    }
    return {
      username,
      email,
      emailVerified: email_verified,
      password,
      passwordHash: password_hash,
      roles,
      disabled,
      claims,
    }
  })
export type DeclaredUser = z.output<typeof declaredUser>

/** The whole file, as the published JSON Schema describes it. */
const declaration = z.strictObject({
  resources: z.array(resourceMetadata).optional(),
  roles: z.array(declaredRole).optional(),
  clients: z.array(declaredClient).optional(),
  users: z.array(declaredUser).optional(),
})

/** The JSON Schema of postern.yaml, for editors. It knows the form of each entry, and not what entries say of one another. */
export function declarationSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(declaration, { io: 'input' })
  return `${JSON.stringify({ $schema, title: 'postern.yaml', ...schema }, undefined, 2)}\n`
}
