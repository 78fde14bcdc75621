import type { WireError } from '@ddp-cluster/ddp-common'

/** Outcome of a method, by the server's word. */
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

interface Queued<M extends Method> {
  readonly method: M
  readonly block: Block<M>
  /** On the present session. */
  sent: boolean
  /** Before the last loss of the connection. */
  sentBefore: boolean
  retriesLeft: number
  outcome: MethodOutcome | undefined
  updated: boolean
}

interface Block<M extends Method> {
  readonly wait: boolean
  /** How many of its methods have not finished. */
  size: number
  /** Methods of the block that were not sent on the present session and have no result, in order. */
  unsent: Queued<M>[]
}

/**
 * The methods that are under way, in Meteor's order: blocks of methods that may run side by side, and methods with `wait`, each a block
 * of its own. Only the first block is ever sent. A method has finished when its result and its `updated` have come; whoever hears
 * that takes it out.
 */
export class MethodQueue<M extends Method> {
  readonly #blocks: Block<M>[] = []
  readonly #queued = new Map<string, Queued<M>>()

  get size(): number {
    return this.#queued.size
  }

  get(id: string): M | undefined {
    return this.#queued.get(id)?.method
  }

  /** The first one, in the order of the calls, that is still to be sent on the present session and that `isWanted` is true of. */
  findUnsent(isWanted: (method: M) => boolean): M | undefined {
    for (const { method, sent, outcome } of this.#queued.values()) if (!sent && !outcome && isWanted(method)) return method
    return undefined
  }

  ids(): Iterable<string> {
    return this.#queued.keys()
  }

  /** Methods that were sent on the present session and have no result. */
  underWay(): readonly M[] {
    return [...this.#queued.values()].filter((queued) => queued.sent && !queued.outcome).map((queued) => queued.method)
  }

  /** The ids of those that were sent on an earlier connection, have no result, and wait for no other to be sent again. */
  sentBefore(): readonly string[] {
    const [first] = this.#blocks
    return [...this.#queued].filter(([, queued]) => queued.block === first && queued.sentBefore && !queued.outcome).map(([id]) => id)
  }

  add(method: M): void {
    const last = this.#blocks.at(-1)
    if (last && !last.wait && !method.wait) {
      this.#put(last, method)
      return
    }
    if (last?.size === 0) this.#blocks.pop()
    const block = newBlock<M>(method.wait)
    this.#blocks.push(block)
    this.#put(block, method)
  }

  /** Before all others: for the login that a new connection begins with. Nothing may have been sent on that connection yet. */
  addFirst(method: M): void {
    const block = newBlock<M>(true)
    this.#blocks.unshift(block)
    this.#put(block, method)
  }

  /** Sends a method with `wait` before all others. As with `addFirst`, nothing may be under way. */
  moveFirst(id: string): void {
    const block = this.#queued.get(id)?.block
    if (!block?.wait) return
    this.#blocks.splice(this.#blocks.indexOf(block), 1)
    this.#blocks.unshift(block)
  }

  /** The methods to send now; they count as sent from here on. */
  takeSendable(): readonly M[] {
    const [block] = this.#blocks
    if (block === undefined || block.unsent.length === 0) return none
    const { unsent } = block
    block.unsent = []
    return unsent.map((queued) => {
      queued.sent = true
      return queued.method
    })
  }

  /** Notes a result. Returns the outcome when the method has finished with that, and is to be taken out. */
  noteResult(id: string, outcome: MethodOutcome): MethodOutcome | undefined {
    const queued = this.#queued.get(id)
    if (!queued || queued.outcome) return undefined
    queued.outcome = outcome
    forgetUnsent(queued)
    return this.#finished(queued)
  }

  /** Notes that the writes of a method have arrived; the rest as with `noteResult`. Of a method that is still to be sent it means nothing. */
  noteUpdated(id: string): MethodOutcome | undefined {
    const queued = this.#queued.get(id)
    if (!queued || !(queued.sent || queued.outcome)) return undefined
    queued.updated = true
    return this.#finished(queued)
  }

  /** Takes a method out, whatever came of it. Returns it if it was there. */
  remove(id: string): M | undefined {
    const queued = this.#queued.get(id)
    if (!queued) return undefined
    const { block, method } = queued
    this.#queued.delete(id)
    forgetUnsent(queued)
    block.size -= 1
    // The one block that is left, if it may be added to, waits for the next call.
    if (block.size === 0 && (block.wait || this.#blocks.length > 1)) this.#blocks.splice(this.#blocks.indexOf(block), 1)
    return method
  }

  /**
   * The connection was lost. `failed` are the ids of those that were sent and may not be sent again, and are still here; `finished` are those
   * that may not be sent again, and whose result came: they do not depend on another connection. What becomes of the others is known
   * when there is one.
   */
  noteLost(): { readonly failed: string[]; readonly finished: [id: string, MethodOutcome][] } {
    const failed: string[] = []
    const finished: [string, MethodOutcome][] = []
    for (const [id, { method, sent, retriesLeft, outcome }] of this.#queued) {
      if (outcome) {
        if (method.retries === 0) finished.push([id, outcome])
      } else if (sent && retriesLeft === 0) failed.push(id)
    }
    return { failed, finished }
  }

  /**
   * A new session follows one that was lost: all that have no result are to be sent on it. Returns the ids of those whose result came, and whose
   * `updated` never will: they finish when the data of the new session are there.
   */
  noteNewSession(): readonly string[] {
    return this.#requeue((queued) => !queued.outcome)
  }

  /** The lost session goes on. To be sent again are those that may not have reached the server: it has said nothing of them. */
  noteResumed(): void {
    this.#requeue((queued) => !queued.outcome && !queued.updated)
  }

  /** Has those sent that `isUnsent` is true of, in the order of the calls; returns the ids of the others. */
  #requeue(isUnsent: (queued: Queued<M>) => boolean): readonly string[] {
    const others: string[] = []
    for (const block of this.#blocks) block.unsent = []
    for (const [id, queued] of this.#queued) {
      if (!isUnsent(queued)) {
        others.push(id)
        continue
      }
      if (queued.sent) {
        queued.retriesLeft -= 1
        queued.sentBefore = true
      }
      queued.sent = false
      queued.updated = false
      queued.block.unsent.push(queued)
    }
    return others
  }

  #put(block: Block<M>, method: M): void {
    const queued: Queued<M> = { method, block, sent: false, sentBefore: false, retriesLeft: method.retries, outcome: undefined, updated: false }
    block.size += 1
    block.unsent.push(queued)
    this.#queued.set(method.id, queued)
  }

  #finished(queued: Queued<M>): MethodOutcome | undefined {
    return queued.updated ? queued.outcome : undefined
  }
}

const none: readonly never[] = Object.freeze([])

function newBlock<M extends Method>(wait: boolean): Block<M> {
  return { wait, size: 0, unsent: [] }
}

function forgetUnsent<M extends Method>(queued: Queued<M>): void {
  if (queued.sent) return
  const { unsent } = queued.block
  const at = unsent.indexOf(queued)
  if (at !== -1) unsent.splice(at, 1)
}
