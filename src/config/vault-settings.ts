import type { Secret } from '../base/secret.ts'
import { type ConfigFault, ConfigFaults } from './config-faults.ts'
import { type ReadFile, readEnvironment, type Variables } from './environment.ts'
import type { Environment } from './settings.ts'

/** How this server proves itself to the vault. */
export type VaultLogin =
  | { readonly kind: 'token'; readonly token: Secret }
  | { readonly kind: 'approle'; readonly roleId: Secret; readonly secretId: Secret }

/** What is asked of a HashiCorp Vault or OpenBao. */
export interface VaultSettings {
  /** Scheme, host and port. */
  readonly address: string
  readonly namespace: string | undefined
  /** Read anew at each call: a token in a file may have been replaced. */
  login(): VaultLogin
  readonly kvPath: string | undefined
  /** The path that gives credentials for the database. */
  readonly databasePath: string | undefined
}

/**
 * Reads what is asked of a vault, before any other setting is judged: the vault may hold them.
 * @returns `undefined` when nothing is asked of one. VAULT_ADDR and VAULT_TOKEN alone ask nothing: the tools use them, too
 * @throws ConfigFaults about VAULT_ variables alone
 */
export function vaultSettings(variables: Variables, readFile: ReadFile): VaultSettings | undefined {
  const { values, faults } = readEnvironment(variables, readFile)
  const isAsked = values.VAULT_KV_PATH !== undefined || values.VAULT_DATABASE_ROLE !== undefined
  const own = faults.filter(({ variable }) => variable.startsWith('VAULT_'))
  if (!isAsked && own.length === 0) return undefined
  const all = own.length > 0 ? own : [...vaultFaults(values)]
  const { VAULT_ADDR: address, VAULT_DATABASE_ROLE: role } = values
  const login = loginOf(values)
  if (all.length > 0 || address === undefined || login === undefined) throw new ConfigFaults(all)
  return {
    address,
    namespace: values.VAULT_NAMESPACE,
    login: () => loginOf(readEnvironment(variables, readFile).values) ?? login,
    kvPath: values.VAULT_KV_PATH,
    databasePath: role && credentialsPath(role),
  }
}

function credentialsPath(role: string): string {
  const at = role.lastIndexOf('/')
  return at < 0 ? `database/creds/${role}` : `${role.slice(0, at)}/creds/${role.slice(at + 1)}`
}

function loginOf({ VAULT_TOKEN, VAULT_ROLE_ID, VAULT_SECRET_ID }: Environment): VaultLogin | undefined {
  if (VAULT_TOKEN) return { kind: 'token', token: VAULT_TOKEN }
  if (!VAULT_ROLE_ID || !VAULT_SECRET_ID) return undefined
  return { kind: 'approle', roleId: VAULT_ROLE_ID, secretId: VAULT_SECRET_ID }
}

function* vaultFaults(values: Environment): Generator<ConfigFault> {
  const { VAULT_ADDR, VAULT_TOKEN, VAULT_ROLE_ID, VAULT_SECRET_ID } = values
  if (!VAULT_ADDR) {
    yield { variable: 'VAULT_ADDR', problem: 'something is asked of a vault, and none is named', fix: 'set it' }
  }
  if (VAULT_TOKEN && (VAULT_ROLE_ID || VAULT_SECRET_ID)) {
    yield {
      variable: 'VAULT_TOKEN',
      problem: 'VAULT_ROLE_ID or VAULT_SECRET_ID is set too',
      fix: 'keep one way to log in',
    }
  }
  if (!loginOf(values)) {
    yield {
      variable: VAULT_ROLE_ID && !VAULT_SECRET_ID ? 'VAULT_SECRET_ID' : 'VAULT_ROLE_ID',
      problem: 'there is no way to log in to the vault',
      fix: 'set VAULT_ROLE_ID and VAULT_SECRET_ID, or VAULT_TOKEN',
    }
  }
}
