import { ensureKeys, rotateKeysWhenDue } from '../keys/rotate.ts'
import type { Job } from './schedule.ts'

/** Lets a new key sign when the old one has signed long enough. */
export const rotateSigningKeys: Job = {
  name: 'rotate-keys',
  everySeconds: 3600,
  async run(deps) {
    await ensureKeys(deps)
    await rotateKeysWhenDue(deps, deps.config.signingKeyRotationDays)
  },
}
