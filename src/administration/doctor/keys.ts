import type { Deps } from '../../deps.ts'
import { JWKS_MAX_AGE_SECONDS } from '../../keys/rotate.ts'
import type { StoredKey } from '../../store/signing-keys.ts'
import { doubt, type Finding, fine, problem } from './finding.ts'

const DAY_MS = 86_400_000

/** Whether there is a key that signs, one that will, and whether the rotation keeps up. */
export async function keyFindings({ config, store }: Pick<Deps, 'config' | 'store'>): Promise<readonly Finding[]> {
  const { now, keys } = await store.signingKeys.list()
  const current = keys.find(({ state }) => state === 'current')
  const next = keys.find(({ state }) => state === 'next')
  return [currentFinding(now, current, config.signingKeyRotationDays), nextFinding(now, next)]
}

function currentFinding(now: Date, current: StoredKey | undefined, rotationDays: number): Finding {
  if (!current?.activatedAt) {
    return problem('keys.none', 'there is no key that signs', 'start the server, which makes one')
  }
  const days = Math.floor((now.getTime() - current.activatedAt.getTime()) / DAY_MS)
  const message = `key ${current.kid} has signed for ${days} of ${rotationDays} days`
  // The server rotates by itself within a day of the date.
  return days > rotationDays + 1
    ? doubt('keys.overdue', message, 'see that the server runs; or run postern key rotate')
    : fine('keys.current', message)
}

function nextFinding(now: Date, next: StoredKey | undefined): Finding {
  if (!next) return doubt('keys.no_next', 'no next key is published', 'start the server, which makes one')
  const seconds = (now.getTime() - next.createdAt.getTime()) / 1000
  const wait = Math.ceil(JWKS_MAX_AGE_SECONDS - seconds)
  const when = wait > 0 ? `may sign in ${wait} s, when every validator can have it` : 'is ready to sign'
  return fine('keys.next', `key ${next.kid} is published and ${when}`)
}
