import type { DataMessage } from '@ddp-cluster/ddp-common'
import { addedMessage, changedMessage, CountedCollection, MergedCollection, PassingCollection, removedMessage, type CollectionView } from './collection-view.js'
import type { DocumentView } from './document-view.js'
import { noteCleared, noteField, type FieldChanges, type Fields } from './fields.js'
import { isSame } from './same-value.js'
import type { PublicationStrategy } from './publication-strategy.js'

/** Everything that one client has, by collection. Functions return what the client must be told; they send nothing. */
export class MergeBox<Owner> {
  readonly #strategyOf: (collection: string) => PublicationStrategy
  #views = new Map<string, CollectionView<Owner>>()
  /** Views that the client has, while publications start over and nothing is told. */
  #shown: Map<string, CollectionView<Owner>> | undefined

  constructor(strategyOf: (collection: string) => PublicationStrategy) {
    this.#strategyOf = strategyOf
  }

  added(owner: Owner, collection: string, id: string, fields: Fields): DataMessage | undefined {
    const view = this.#view(collection)
    return this.#told(view, view.added(owner, id, fields))
  }

  changed(owner: Owner, collection: string, id: string, fields: Fields): DataMessage | undefined {
    const view = this.#view(collection)
    return this.#told(view, view.changed(owner, id, fields))
  }

  removed(owner: Owner, collection: string, id: string): DataMessage | undefined {
    const view = this.#view(collection)
    const message = view.removed(owner, id)
    if (view.isEmpty) this.#views.delete(collection)
    return this.#told(view, message)
  }

  /** Merged collections begin empty again, and the client is told nothing of them until `show()`. */
  hide(): void {
    this.#shown = this.#views
    this.#views = new Map([...this.#views].filter(([, view]) => !(view instanceof MergedCollection)))
  }

  /** Ends `hide()`: the difference between what the client has and what it is to have now. */
  show(): DataMessage[] {
    const messages: DataMessage[] = []
    const before = this.#shown ?? new Map<string, CollectionView<Owner>>()
    this.#shown = undefined
    for (const [name, view] of this.#views) {
      if (view instanceof MergedCollection) {
        const old = before.get(name)
        appendDifference(messages, name, old instanceof MergedCollection ? old.documents : new Map<string, DocumentView<unknown>>(), view.documents)
      }
    }
    for (const [name, view] of before) {
      if (view instanceof MergedCollection && !this.#views.has(name)) appendDifference(messages, name, view.documents, new Map())
    }
    return messages
  }

  #view(collection: string): CollectionView<Owner> {
    const known = this.#views.get(collection)
    if (known !== undefined) return known
    const view = newView<Owner>(collection, this.#strategyOf(collection))
    this.#views.set(collection, view)
    return view
  }

  #told(view: CollectionView<Owner>, message: DataMessage | undefined): DataMessage | undefined {
    return this.#shown !== undefined && view instanceof MergedCollection ? undefined : message
  }
}

function newView<Owner>(collection: string, strategy: PublicationStrategy): CollectionView<Owner> {
  switch (strategy) {
    case 'SERVER_MERGE': return new MergedCollection<Owner>(collection)
    case 'NO_MERGE_MULTI': return new CountedCollection<Owner>(collection)
    case 'NO_MERGE':
    case 'NO_MERGE_NO_HISTORY': return new PassingCollection<Owner>(collection)
  }
}

type Documents = ReadonlyMap<string, DocumentView<unknown>>

function appendDifference(messages: DataMessage[], collection: string, before: Documents, after: Documents): void {
  for (const id of before.keys()) if (!after.has(id)) messages.push(removedMessage(collection, id))
  for (const [id, document] of after) {
    const old = before.get(id)
    if (old === undefined) {
      messages.push(addedMessage(collection, id, document.fields()))
      continue
    }
    const message = changedMessage(collection, id, fieldDifference(old.fields(), document.fields()))
    if (message !== undefined) messages.push(message)
  }
}

function fieldDifference(before: Fields, after: Fields): FieldChanges {
  const changes: FieldChanges = {}
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) noteCleared(changes, key)
  for (const key of Object.keys(after)) {
    if (!Object.hasOwn(before, key) || !isSame(before[key], after[key])) noteField(changes, key, after[key])
  }
  return changes
}
