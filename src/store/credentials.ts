import pg from 'pg'
import type { Secret } from '../base/secret.ts'

/** What one connection is made with. */
export interface Credentials {
  readonly username: string
  readonly password: Secret
}

/** Where the pool gets credentials that change while it runs. Old ones may end when their last connection has. */
export interface CredentialSource {
  /** What a new connection is made with. */
  current(): Credentials
  opened(credentials: Credentials): void
  closed(credentials: Credentials): void
  /** The database does not know the current ones. */
  refused(): void
}

/** A connection that is made with the credentials of its moment. The pool's class of connections; it makes them itself. */
abstract class RotatingClient extends pg.Client {
  readonly #isCurrent: () => boolean

  constructor(config: pg.ClientConfig | undefined, source: CredentialSource) {
    const credentials = source.current()
    super({ ...config, connectionString: withCredentials(config?.connectionString ?? '', credentials) })
    this.#isCurrent = () => source.current() === credentials
    source.opened(credentials)
    this.once('end', () => source.closed(credentials))
  }

  get isOutdated(): boolean {
    return !this.#isCurrent()
  }
}

/** The class of connections that take their credentials from a source. */
export const clientOf = (source: CredentialSource): (new (config?: pg.ClientConfig) => pg.Client) =>
  class extends RotatingClient {
    constructor(config?: pg.ClientConfig) {
      super(config, source)
    }
  }

/** Whether a connection was made with credentials that are no longer current: it is closed when it is given back. */
export const isOutdated = (client: pg.ClientBase): boolean => client instanceof RotatingClient && client.isOutdated

/** Invalid password or authorization. PostgreSQL documentation, appendix A, class 28 */
export const isLoginRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('28')

/** As parameters, because the driver takes them so from a URL without a host, too. */
function withCredentials(url: string, { username, password }: Credentials): string {
  const parameters = `user=${encodeURIComponent(username)}&password=${encodeURIComponent(password.reveal())}`
  return `${url}${url.includes('?') ? '&' : '?'}${parameters}`
}
