import type { DocumentId } from '@ddp-cluster/ddp-common'

/** Document of a collection, immutable: a change makes another object. */
export type Document = Readonly<Record<string, unknown>> & {
  /** Id of the document. */
  readonly _id: DocumentId
}

interface Place {
  readonly key: string
  document: Document
  previous: Place | undefined
  next: Place | undefined
}

/** The documents of one collection, in order, by the text of their id in messages. Whatever is done to one of them costs the same however many there are. */
export class Documents {
  readonly #places = new Map<string, Place>()
  #first: Place | undefined
  #last: Place | undefined

  get size(): number {
    return this.#places.size
  }

  has(key: string): boolean {
    return this.#places.has(key)
  }

  get(key: string): Document | undefined {
    return this.#places.get(key)?.document
  }

  *values(): Generator<Document, undefined> {
    for (const { document } of this.entries()) yield document
    return undefined
  }

  *entries(): Generator<{ readonly key: string; readonly document: Document }, undefined> {
    for (let place = this.#first; place; place = place.next) {
      // A slow iteration may stand on a document that is gone by now.
      if (this.#places.get(place.key) === place) yield place
    }
    return undefined
  }

  /** The key of the next document, or null at the end. */
  keyAfter(key: string): string | null {
    return this.#places.get(key)?.next?.key ?? null
  }

  /** Where it is already, or at the end. */
  set(key: string, document: Document): void {
    const place = this.#places.get(key)
    if (place) place.document = document
    else this.#insert(key, document, undefined)
  }

  /** Before another one, or at the end; what is to stand before an unknown one, or before itself, is put at the end. */
  place(key: string, document: Document, before: string | null): void {
    this.delete(key)
    this.#insert(key, document, before === null ? undefined : this.#places.get(before))
  }

  delete(key: string): void {
    const place = this.#places.get(key)
    if (!place) return
    this.#places.delete(key)
    if (place.previous) place.previous.next = place.next
    else this.#first = place.next
    if (place.next) place.next.previous = place.previous
    else this.#last = place.previous
  }

  #insert(key: string, document: Document, next: Place | undefined): void {
    const previous = next ? next.previous : this.#last
    const place: Place = { key, document, previous, next }
    this.#places.set(key, place)
    if (previous) previous.next = place
    else this.#first = place
    if (next) next.previous = place
    else this.#last = place
  }
}
