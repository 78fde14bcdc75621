const mostWords = 20

/** Counts what is heard of every sender by its number: that each comes once and in order takes no more memory than one number. */
export class Tally {
  readonly #last = new Map<string, number>()
  readonly #wrong: string[] = []
  #heard = 0
  #lost = 0

  get heard(): number {
    return this.#heard
  }

  get lost(): number {
    return this.#lost
  }

  /** The first few things that were wrong. */
  get wrong(): readonly string[] {
    return this.#wrong
  }

  /** Of each sender, the number heard last. */
  get last(): readonly (readonly [string, number])[] {
    return [...this.#last]
  }

  hear(from: string, n: number): void {
    const due = (this.#last.get(from) ?? 0) + 1
    this.#heard += 1
    if (n !== due) this.note(Math.max(1, n - due), `${n} of ${from} was heard when ${due} was due`)
    this.#last.set(from, n)
  }

  note(lost: number, words: string): void {
    this.#lost += lost
    if (this.#wrong.length < mostWords) this.#wrong.push(words)
  }
}
