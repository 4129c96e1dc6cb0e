// base: the few things every room may use: time, randomness, secrets, digests, sealing. It imports nothing of ours and
// decides nothing about the protocol. Time and randomness are plain objects, so that tests can hold both still.

/** The node's time. What decides about a stored row reads the database's time instead (design: one clock for all nodes). */
export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }
