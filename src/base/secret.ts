import { inspect } from 'node:util'

const SHOWN = '[secret]'

/** A value that prints, logs and serialises as `[secret]`; only `reveal` gives it out. */
export class Secret<T = string> {
  readonly #value: T
  constructor(value: T) {
    this.#value = value
  }
  reveal(): T {
    return this.#value
  }
  toString(): string {
    return SHOWN
  }
  toJSON(): string {
    return SHOWN
  }
  [inspect.custom](): string {
    return SHOWN
  }
}
