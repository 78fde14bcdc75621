import { DDPServerError } from '../errors.js'
import type { MethodHandler } from '../method-invocation.js'
import type { PublicationHandler } from '../publication.js'
import { publicationStrategies, type PublicationStrategy } from './publication-strategy.js'

/** Methods and publications by name. Maps, so that a name such as `constructor` is no more than a name. */
export class Registry {
  readonly #methods = new Map<string, MethodHandler>()
  readonly #publications = new Map<string, PublicationHandler>()
  readonly #strategies = new Map<string, PublicationStrategy>()
  /** Publications without a name: every session has them from its start. */
  readonly universal: PublicationHandler[] = []

  readonly #released = new WeakSet<MethodHandler | PublicationHandler>()
  /** Another registry whose names are taken here too, and found where this one has none of the name. */
  behind: Registry | undefined

  addMethod(name: string, handler: MethodHandler): void {
    this.requireFreeMethod(name)
    this.#methods.set(name, handler)
  }

  /** @returns the handler that was released, whose place this one takes; its subscriptions still run */
  addPublication(name: string, handler: PublicationHandler): PublicationHandler | undefined {
    this.requireFreePublication(name)
    const released = this.#publications.get(name)
    this.#publications.set(name, handler)
    return released
  }

  /** @throws DDPServerError `method-taken` */
  requireFreeMethod(name: string): void {
    const present = this.method(name)
    if (present !== undefined && !this.#released.has(present)) throw new DDPServerError('method-taken', `a method named ${JSON.stringify(name)} exists already`)
  }

  /** @throws DDPServerError `publication-taken` */
  requireFreePublication(name: string): void {
    const present = this.publication(name)
    if (present !== undefined && !this.#released.has(present)) throw new DDPServerError('publication-taken', `a publication named ${JSON.stringify(name)} exists already`)
  }

  /** Lets others take the place of a handler, which serves until then. */
  release(handler: MethodHandler | PublicationHandler): void {
    this.#released.add(handler)
  }

  setStrategy(collection: string, strategy: PublicationStrategy): void {
    if (!publicationStrategies.includes(strategy)) {
      throw new DDPServerError('invalid-option', `a publication strategy is one of ${publicationStrategies.join(', ')}, not ${String(strategy)}`)
    }
    this.#strategies.set(collection, strategy)
  }

  method(name: string): MethodHandler | undefined {
    return this.#methods.get(name) ?? this.behind?.method(name)
  }

  publication(name: string): PublicationHandler | undefined {
    return this.#publications.get(name) ?? this.behind?.publication(name)
  }

  strategy(collection: string): PublicationStrategy {
    return this.#strategies.get(collection) ?? 'SERVER_MERGE'
  }
}
