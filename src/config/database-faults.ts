import type { ConfigFault } from './config-faults.ts'
import { databaseHost, LOOPBACK_HOSTS } from './forms.ts'
import type { Environment } from './settings.ts'

const DEFAULT_PASSWORDS = ['changeme', 'change-me', 'password', 'postgres', 'postern', 'secret', 'example', 'admin']
const TLS_MODES = ['require', 'verify-ca', 'verify-full']

const isRemote = (url: URL): boolean => {
  const host = databaseHost(url)
  return !host.startsWith('/') && host !== '::1' && !LOOPBACK_HOSTS.includes(host)
}
const hasTls = (url: URL): boolean => TLS_MODES.includes(url.searchParams.getAll('sslmode').at(-1) ?? '')

/** What is wrong with the way to the database. */
export function* databaseFaults(values: Environment): Generator<ConfigFault> {
  const { DATABASE_URL: url, DANGEROUSLY_PLAINTEXT_DATABASE, VAULT_DATABASE_ROLE } = values
  const namesUser = url !== undefined && (url.username !== '' || url.searchParams.has('user'))
  if (VAULT_DATABASE_ROLE && (!url || namesUser)) {
    yield {
      variable: 'DATABASE_URL',
      problem: namesUser
        ? 'it names a user, and VAULT_DATABASE_ROLE gives others'
        : 'VAULT_DATABASE_ROLE is set, and no database',
      fix: 'set it to a postgres:// URL without a user name and password',
    }
  }
  if (!url || !isRemote(url)) return
  if (!hasTls(url) && DANGEROUSLY_PLAINTEXT_DATABASE !== 'true') {
    yield {
      variable: 'DATABASE_URL',
      problem: 'the database is on another machine and the connection to it has no TLS',
      fix: 'add sslmode=verify-full to it (and sslrootcert=FILE for a certificate authority of your own), or set DANGEROUSLY_PLAINTEXT_DATABASE=true on a network that you trust',
    }
  }
  if (DEFAULT_PASSWORDS.includes(decodeURIComponent(url.password).toLowerCase())) {
    yield {
      variable: 'DATABASE_URL',
      problem: 'its password is a well-known default',
      fix: 'give the database user a random password',
    }
  }
}

/** Whoever asks for TLS gets the kind that checks who answers: `require` alone means different things to different drivers. */
export function verified(url: URL): URL {
  if (!hasTls(url)) return url
  const strict = new URL(url)
  for (const name of ['sslmode', 'ssl', 'uselibpqcompat']) strict.searchParams.delete(name)
  strict.searchParams.set('sslmode', 'verify-full')
  return strict
}

/** What is wrong with the way to Redis. */
export function* redisFaults(values: Environment): Generator<ConfigFault> {
  const { RATE_LIMIT_REDIS_URL: redis, DANGEROUSLY_PLAINTEXT_DATABASE } = values
  const isPlain = redis?.protocol === 'redis:' && !LOOPBACK_HOSTS.includes(redis.hostname)
  if (isPlain && DANGEROUSLY_PLAINTEXT_DATABASE !== 'true') {
    yield {
      variable: 'RATE_LIMIT_REDIS_URL',
      problem: 'Redis is on another machine and the connection to it has no TLS',
      fix: 'begin it with rediss:, or set DANGEROUSLY_PLAINTEXT_DATABASE=true on a network that you trust',
    }
  }
}
