/** How long something of the vault's lives, as it said when it gave or renewed it. */
export interface Lifetime {
  readonly since: Date
  /** 0: without end. */
  readonly seconds: number
  /** As long as it was when it was new. What cannot be renewed to half of that again is near its end for good. */
  readonly fullSeconds: number
  readonly isRenewable: boolean
}

/** Half of it is over: time to renew, with as much time left to try again. */
export const isDue = ({ since, seconds }: Lifetime, now: Date): boolean =>
  seconds > 0 && now.getTime() - since.getTime() >= (seconds * 1000) / 2

/** Whether a renewal gave enough to go on with. */
export const isEnough = ({ fullSeconds }: Lifetime, seconds: number): boolean => seconds > fullSeconds / 2

/** A life that begins now. */
export const lifetime = (now: Date, seconds: number, isRenewable: boolean, fullSeconds = seconds): Lifetime => ({
  since: now,
  seconds,
  fullSeconds,
  isRenewable,
})
