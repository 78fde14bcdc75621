import type { WireError } from '@ddp-cluster/ddp-common'

/** What came of a method, by the server's word. */
export interface MethodOutcome {
  readonly result?: unknown
  readonly error?: WireError
}

export interface Method {
  readonly id: string
  /** The message as it is sent, now and after a reconnect: what becomes of the parameters meanwhile does not matter. */
  readonly text: string
  /** Nothing later is sent before this one has finished, and it is not sent before everything earlier has. */
  readonly wait: boolean
  /** How often it may be sent again after a lost connection. */
  readonly retries: number
}

interface Queued {
  readonly method: Method
  readonly block: Block
  retriesLeft: number
  outcome: MethodOutcome | undefined
  updated: boolean
}

interface Block {
  readonly wait: boolean
  /** How many of its methods have not finished. */
  size: number
  /** Those of them that were not sent on the present connection and have no result, in order. */
  readonly unsent: Set<Queued>
}

/**
 * The methods that are under way, in Meteor's order: blocks of methods that may run side by side, and methods with `wait`, each a block
 * of its own. Only the first block is ever sent. A method has finished when its result and its `updated` have come.
 */
export class MethodQueue {
  readonly #blocks: Block[] = []
  readonly #queued = new Map<string, Queued>()

  get size(): number {
    return this.#queued.size
  }

  add(method: Method): void {
    const last = this.#blocks.at(-1)
    const block = last && !last.wait && !method.wait ? last : newBlock(method.wait)
    if (block !== last) this.#blocks.push(block)
    this.#put(block, method)
  }

  /** Before all others: for the login that a new connection begins with. Nothing may have been sent on that connection yet. */
  addFirst(method: Method): void {
    const block = newBlock(true)
    this.#blocks.unshift(block)
    this.#put(block, method)
  }

  /** The methods to send now; they count as sent from here on. */
  takeSendable(): readonly Method[] {
    const unsent = this.#blocks[0]?.unsent
    if (unsent === undefined || unsent.size === 0) return none
    const sendable = Array.from(unsent, ({ method }) => method)
    unsent.clear()
    return sendable
  }

  /** Notes a result. Returns the outcome when the method has finished with that. */
  noteResult(id: string, outcome: MethodOutcome): MethodOutcome | undefined {
    const queued = this.#queued.get(id)
    if (!queued || queued.outcome) return undefined
    queued.outcome = outcome
    queued.block.unsent.delete(queued)
    return this.#finished(queued)
  }

  /** Notes that the writes of a method have arrived. Returns the outcome when the method has finished with that. */
  noteUpdated(id: string): MethodOutcome | undefined {
    const queued = this.#queued.get(id)
    if (!queued) return undefined
    queued.updated = true
    return this.#finished(queued)
  }

  /** Takes a method out, whatever came of it. */
  remove(id: string): void {
    const queued = this.#queued.get(id)
    if (!queued) return
    const { block } = queued
    this.#queued.delete(id)
    block.unsent.delete(queued)
    block.size -= 1
    if (block.size === 0) this.#blocks.splice(this.#blocks.indexOf(block), 1)
  }

  /**
   * The connection was lost. `failed` are the ids of those that were sent and may not be sent again (they are taken out); `half` are those
   * whose result came and whose `updated` never will: they finish when the data of the next connection are there.
   */
  noteLost(): { readonly failed: string[]; readonly half: string[] } {
    const failed: string[] = []
    const half: string[] = []
    for (const [id, queued] of this.#queued) {
      const { unsent } = queued.block
      if (queued.outcome) half.push(id)
      else if (!unsent.has(queued) && queued.retriesLeft === 0) failed.push(id)
      else {
        if (!unsent.delete(queued)) queued.retriesLeft -= 1
        // At the end: all are looked at in the order in which they were called.
        unsent.add(queued)
      }
    }
    for (const id of failed) this.remove(id)
    return { failed, half }
  }

  #put(block: Block, method: Method): void {
    const queued: Queued = { method, block, retriesLeft: method.retries, outcome: undefined, updated: false }
    block.size += 1
    block.unsent.add(queued)
    this.#queued.set(method.id, queued)
  }

  #finished(queued: Queued): MethodOutcome | undefined {
    if (!queued.outcome || !queued.updated) return undefined
    this.remove(queued.method.id)
    return queued.outcome
  }
}

const none: readonly Method[] = Object.freeze([])

function newBlock(wait: boolean): Block {
  return { wait, size: 0, unsent: new Set() }
}
