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
  retriesLeft: number
  /** On the present connection. */
  sent: boolean
  outcome: MethodOutcome | undefined
  updated: boolean
}

interface Block {
  readonly wait: boolean
  readonly methods: Map<string, Queued>
}

/**
 * The methods that are under way, in Meteor's order: blocks of methods that may run side by side, and methods with `wait`, each a block
 * of its own. Only the first block is ever sent. A method has finished when its result and its `updated` have come.
 */
export class MethodQueue {
  readonly #blocks: Block[] = []
  readonly #queued = new Map<string, { readonly block: Block; readonly queued: Queued }>()

  get size(): number {
    return this.#queued.size
  }

  add(method: Method): void {
    const last = this.#blocks.at(-1)
    const block = last && !last.wait && !method.wait ? last : this.#newBlock(method.wait)
    if (block !== last) this.#blocks.push(block)
    this.#put(block, method)
  }

  /** Before all others: for the login that a new connection begins with. Nothing may have been sent on that connection yet. */
  addFirst(method: Method): void {
    const block = this.#newBlock(true)
    this.#blocks.unshift(block)
    this.#put(block, method)
  }

  /** The methods to send now; they count as sent from here on. */
  takeSendable(): Method[] {
    const [first] = this.#blocks
    if (!first) return []
    const sendable: Method[] = []
    for (const queued of first.methods.values()) {
      if (queued.sent || queued.outcome) continue
      queued.sent = true
      sendable.push(queued.method)
    }
    return sendable
  }

  /** Notes a result. Returns the outcome when the method has finished with that. */
  noteResult(id: string, outcome: MethodOutcome): MethodOutcome | undefined {
    const queued = this.#queued.get(id)?.queued
    if (!queued || queued.outcome) return undefined
    queued.outcome = outcome
    return this.#finished(id, queued)
  }

  /** Notes that the writes of a method have arrived. Returns the outcome when the method has finished with that. */
  noteUpdated(id: string): MethodOutcome | undefined {
    const queued = this.#queued.get(id)?.queued
    if (!queued) return undefined
    queued.updated = true
    return this.#finished(id, queued)
  }

  /** Takes a method out, whatever came of it. */
  remove(id: string): void {
    const found = this.#queued.get(id)
    if (!found) return
    this.#queued.delete(id)
    found.block.methods.delete(id)
    while (this.#blocks[0]?.methods.size === 0) this.#blocks.shift()
    const index = this.#blocks.indexOf(found.block)
    if (index > 0 && found.block.methods.size === 0) this.#blocks.splice(index, 1)
  }

  /**
   * The connection was lost. `failed` are the ids of those that were sent and may not be sent again (they are taken out); `half` are those
   * whose result came and whose `updated` never will: they finish when the data of the next connection are there.
   */
  noteLost(): { readonly failed: string[]; readonly half: string[] } {
    const failed: string[] = []
    const half: string[] = []
    for (const [id, { queued }] of this.#queued) {
      if (queued.outcome) half.push(id)
      else if (queued.sent && queued.retriesLeft === 0) failed.push(id)
      else if (queued.sent) {
        queued.sent = false
        queued.retriesLeft -= 1
      }
    }
    for (const id of failed) this.remove(id)
    return { failed, half }
  }

  #newBlock(wait: boolean): Block {
    return { wait, methods: new Map() }
  }

  #put(block: Block, method: Method): void {
    const queued: Queued = { method, retriesLeft: method.retries, sent: false, outcome: undefined, updated: false }
    block.methods.set(method.id, queued)
    this.#queued.set(method.id, { block, queued })
  }

  #finished(id: string, queued: Queued): MethodOutcome | undefined {
    if (!queued.outcome || !queued.updated) return undefined
    this.remove(id)
    return queued.outcome
  }
}
