import type { DataMessage } from '@ddp-cluster/ddp-common'
import { DDPServerError } from '../errors.js'
import { DocumentView } from './document-view.js'
import { noteCleared, noteField, isNoChange, type FieldChanges, type Fields } from './fields.js'

/** Documents of one collection at a client. Every function returns the message that tells the client of the change, if there is any. */
export interface CollectionView<Owner> {
  readonly isEmpty: boolean
  added(owner: Owner, id: string, fields: Fields): DataMessage | undefined
  changed(owner: Owner, id: string, fields: Fields): DataMessage | undefined
  removed(owner: Owner, id: string): DataMessage | undefined
}

export const addedMessage = (collection: string, id: string, fields: Fields | undefined): DataMessage =>
  fields === undefined ? { msg: 'added', collection, id } : { msg: 'added', collection, id, fields }

export const changedMessage = (collection: string, id: string, changes: FieldChanges): DataMessage | undefined =>
  isNoChange(changes) ? undefined : { msg: 'changed', collection, id, ...changes }

export const removedMessage = (collection: string, id: string): DataMessage => ({ msg: 'removed', collection, id })

const notPublished = (collection: string, id: string): DDPServerError =>
  new DDPServerError('invalid-document', `document ${JSON.stringify(id)} of ${JSON.stringify(collection)} was not added by this publication`)

/** The merge box proper, for `SERVER_MERGE`. */
export class MergedCollection<Owner> implements CollectionView<Owner> {
  readonly name: string
  readonly documents = new Map<string, DocumentView<Owner>>()

  constructor(name: string) {
    this.name = name
  }

  get isEmpty(): boolean {
    return this.documents.size === 0
  }

  added(owner: Owner, id: string, fields: Fields): DataMessage | undefined {
    const known = this.documents.get(id)
    const document = known ?? new DocumentView<Owner>()
    if (known === undefined) this.documents.set(id, document)
    document.owners.add(owner)
    const changes: FieldChanges = {}
    for (const key of Object.keys(fields)) if (fields[key] !== undefined) document.set(owner, key, fields[key], changes)
    return known === undefined ? addedMessage(this.name, id, changes.fields) : changedMessage(this.name, id, changes)
  }

  changed(owner: Owner, id: string, fields: Fields): DataMessage | undefined {
    const document = this.#ownedBy(owner, id)
    const changes: FieldChanges = {}
    for (const key of Object.keys(fields)) {
      if (fields[key] === undefined) document.clear(owner, key, changes)
      else document.set(owner, key, fields[key], changes)
    }
    return changedMessage(this.name, id, changes)
  }

  removed(owner: Owner, id: string): DataMessage | undefined {
    const document = this.#ownedBy(owner, id)
    document.owners.delete(owner)
    if (document.owners.size === 0) {
      this.documents.delete(id)
      return removedMessage(this.name, id)
    }
    const changes: FieldChanges = {}
    document.clearAll(owner, changes)
    return changedMessage(this.name, id, changes)
  }

  #ownedBy(owner: Owner, id: string): DocumentView<Owner> {
    const document = this.documents.get(id)
    if (document === undefined || !document.owners.has(owner)) throw notPublished(this.name, id)
    return document
  }
}

/** Publishers of each id, for `NO_MERGE_MULTI`. */
export class CountedCollection<Owner> implements CollectionView<Owner> {
  readonly name: string
  readonly #owners = new Map<string, Set<Owner>>()

  constructor(name: string) {
    this.name = name
  }

  get isEmpty(): boolean {
    return this.#owners.size === 0
  }

  added(owner: Owner, id: string, fields: Fields): DataMessage | undefined {
    const owners = this.#owners.get(id)
    if (owners === undefined) {
      this.#owners.set(id, new Set([owner]))
      return addedMessage(this.name, id, fields)
    }
    owners.add(owner)
    return changedMessage(this.name, id, changesIn(fields))
  }

  changed(owner: Owner, id: string, fields: Fields): DataMessage | undefined {
    if (this.#owners.get(id)?.has(owner) !== true) throw notPublished(this.name, id)
    return changedMessage(this.name, id, changesIn(fields))
  }

  removed(owner: Owner, id: string): DataMessage | undefined {
    const owners = this.#owners.get(id)
    if (owners?.delete(owner) !== true) throw notPublished(this.name, id)
    if (owners.size > 0) return undefined
    this.#owners.delete(id)
    return removedMessage(this.name, id)
  }
}

/** Nothing is remembered, for `NO_MERGE` and `NO_MERGE_NO_HISTORY`. */
export class PassingCollection<Owner> implements CollectionView<Owner> {
  readonly name: string
  readonly isEmpty = true

  constructor(name: string) {
    this.name = name
  }

  added(_owner: Owner, id: string, fields: Fields): DataMessage {
    return addedMessage(this.name, id, fields)
  }

  changed(_owner: Owner, id: string, fields: Fields): DataMessage | undefined {
    return changedMessage(this.name, id, changesIn(fields))
  }

  removed(_owner: Owner, id: string): DataMessage {
    return removedMessage(this.name, id)
  }
}

/** An `undefined` value means: the document has this field no longer. */
function changesIn(fields: Fields): FieldChanges {
  const changes: FieldChanges = {}
  for (const key of Object.keys(fields)) {
    if (fields[key] === undefined) noteCleared(changes, key)
    else noteField(changes, key, fields[key])
  }
  return changes
}
