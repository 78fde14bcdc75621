/** What is to be done once more at the end of this turn of the event loop, after the sockets have been polled. */
export interface TurnMember {
  endTurn(): void
}

/**
 * Gathers the work of one turn of the event loop, so that many messages leave in one system call and nobody takes more than a share of a
 * turn. One immediate serves all sessions; without work there is none.
 */
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
