/** Makes a value once for all who ask for it in one turn of the event loop; nothing of it is kept for the next. */
export class OncePerTurn<T> {
  readonly #make: () => T
  #made: { readonly value: T } | undefined

  constructor(make: () => T) {
    this.#make = make
  }

  get(): T {
    if (this.#made) return this.#made.value
    const made = { value: this.#make() }
    this.#made = made
    setImmediate(() => (this.#made = undefined))
    return made.value
  }
}
