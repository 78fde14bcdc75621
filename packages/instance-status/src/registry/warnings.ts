import type { Logger } from '@ddp-cluster/ddp-common'

/** Warns of what does not change while this process runs: once of each. */
export class Warnings {
  readonly #logger: Logger
  readonly #given = new Set<string>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  once(fields: object, message: string): void {
    if (this.#given.has(message)) return
    this.#given.add(message)
    this.#logger.warn(fields, message)
  }
}
