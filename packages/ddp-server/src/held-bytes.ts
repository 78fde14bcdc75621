/** Size of the messages that all absences hold together. A Buffer that several of them hold counts once, as in memory. */
export class HeldBytes {
  readonly #holders = new Map<Buffer, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  hold(message: Buffer | string): void {
    if (typeof message === 'string') {
      this.#total += Buffer.byteLength(message)
      return
    }
    const holders = this.#holders.get(message) ?? 0
    if (holders === 0) this.#total += message.length
    this.#holders.set(message, holders + 1)
  }

  release(message: Buffer | string): void {
    if (typeof message === 'string') {
      this.#total -= Buffer.byteLength(message)
      return
    }
    const holders = this.#holders.get(message) ?? 0
    if (holders > 1) {
      this.#holders.set(message, holders - 1)
    } else {
      this.#holders.delete(message)
      this.#total -= message.length
    }
  }
}
