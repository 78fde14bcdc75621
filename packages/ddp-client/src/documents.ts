/** A document as the server describes it, with its id as `_id`. It is never changed: a change makes another one. */
export type Document = Readonly<Record<string, unknown>> & { readonly _id: string }

interface Place {
  readonly id: string
  document: Document
  previous: Place | undefined
  next: Place | undefined
}

/** The documents of one collection, in order. Whatever is done to one of them costs the same however many there are. */
export class Documents {
  readonly #places = new Map<string, Place>()
  #first: Place | undefined
  #last: Place | undefined

  get size(): number {
    return this.#places.size
  }

  has(id: string): boolean {
    return this.#places.has(id)
  }

  get(id: string): Document | undefined {
    return this.#places.get(id)?.document
  }

  *values(): Generator<Document, undefined> {
    for (let place = this.#first; place; place = place.next) {
      // Who goes through them slowly may stand on one that is gone by now.
      if (this.#places.get(place.id) === place) yield place.document
    }
    return undefined
  }

  /** The id of the next document, or null at the end. */
  idAfter(id: string): string | null {
    return this.#places.get(id)?.next?.id ?? null
  }

  /** Where it is already, or at the end. */
  set(document: Document): void {
    const place = this.#places.get(document._id)
    if (place) place.document = document
    else this.#insert(document, undefined)
  }

  /** Before another one, or at the end; what is to stand before an unknown one, or before itself, is put at the end. */
  place(document: Document, before: string | null): void {
    this.delete(document._id)
    this.#insert(document, before === null ? undefined : this.#places.get(before))
  }

  delete(id: string): void {
    const place = this.#places.get(id)
    if (!place) return
    this.#places.delete(id)
    if (place.previous) place.previous.next = place.next
    else this.#first = place.next
    if (place.next) place.next.previous = place.previous
    else this.#last = place.previous
  }

  #insert(document: Document, next: Place | undefined): void {
    const previous = next ? next.previous : this.#last
    const place: Place = { id: document._id, document, previous, next }
    this.#places.set(document._id, place)
    if (previous) previous.next = place
    else this.#first = place
    if (next) next.previous = place
    else this.#last = place
  }
}
