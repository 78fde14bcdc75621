/** Somebody who has more to do, and lets the others go first. */
export interface TurnMember {
  /** The sockets have been polled once more: it may go on. */
  endTurn(): void
}

/** Members that wait for the end of this turn of the event loop. One immediate serves them all; without members there is none. */
export class Turn {
  #members: TurnMember[] = []
  #immediate: NodeJS.Immediate | undefined

  /** A member adds itself once a turn. */
  add(member: TurnMember): void {
    this.#members.push(member)
    this.#immediate ??= setImmediate(() => this.#end())
  }

  clear(): void {
    if (this.#immediate !== undefined) clearImmediate(this.#immediate)
    this.#immediate = undefined
    this.#members = []
  }

  #end(): void {
    const members = this.#members
    this.#members = []
    this.#immediate = undefined
    for (const member of members) member.endTurn()
  }
}
