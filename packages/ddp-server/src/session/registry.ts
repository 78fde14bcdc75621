import { DDPServerError } from '../errors.js'
import type { MethodHandler } from '../method-invocation.js'
import type { PublicationHandler } from '../publication.js'
import { publicationStrategies, type PublicationStrategy } from './publication-strategy.js'

/** What an application offers by name. Maps, so that a name such as `constructor` is no more than a name. */
export class Registry {
  readonly #methods = new Map<string, MethodHandler>()
  readonly #publications = new Map<string, PublicationHandler>()
  readonly #strategies = new Map<string, PublicationStrategy>()
  /** Publications without a name: every session has them from its start. */
  readonly universal: PublicationHandler[] = []

  addMethod(name: string, handler: MethodHandler): void {
    if (this.#methods.has(name)) throw new DDPServerError('method-taken', `a method named ${JSON.stringify(name)} exists already`)
    this.#methods.set(name, handler)
  }

  addPublication(name: string, handler: PublicationHandler): void {
    if (this.#publications.has(name)) throw new DDPServerError('publication-taken', `a publication named ${JSON.stringify(name)} exists already`)
    this.#publications.set(name, handler)
  }

  setStrategy(collection: string, strategy: PublicationStrategy): void {
    if (!publicationStrategies.includes(strategy)) {
      throw new DDPServerError('invalid-option', `a publication strategy is one of ${publicationStrategies.join(', ')}, not ${String(strategy)}`)
    }
    this.#strategies.set(collection, strategy)
  }

  method(name: string): MethodHandler | undefined {
    return this.#methods.get(name)
  }

  publication(name: string): PublicationHandler | undefined {
    return this.#publications.get(name)
  }

  strategy(collection: string): PublicationStrategy {
    return this.#strategies.get(collection) ?? 'SERVER_MERGE'
  }
}
