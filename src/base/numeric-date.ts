/** Seconds since 1970, rounded down, as JWTs count time. RFC 7519 §2 */
export const numericDate = (instant: Date): number => Math.floor(instant.getTime() / 1000)

export const fromNumericDate = (seconds: number): Date => new Date(seconds * 1000)

export const addSeconds = (instant: Date, seconds: number): Date => new Date(instant.getTime() + seconds * 1000)
