import { EJSON } from '@ddp-cluster/ddp-common'
import { isPlainObject, setOwn } from '@ddp-cluster/ddp-common/internal'
import { DDPServerError } from '../errors.js'

/** The top-level fields of a document, without its id. */
export type Fields = Record<string, unknown>

/** Changes to the fields that a client has. */
export interface FieldChanges {
  fields?: Fields
  cleared?: string[]
}

export function noteField(changes: FieldChanges, key: string, value: unknown): void {
  changes.fields ??= {}
  setOwn(changes.fields, key, value)
}

export function noteCleared(changes: FieldChanges, key: string): void {
  changes.cleared ??= []
  changes.cleared.push(key)
}

export function isNoChange(changes: FieldChanges): boolean {
  return changes.fields === undefined && changes.cleared === undefined
}

/**
 * A copy that nobody else holds of what a publication said, without `_id`: the id travels on its own.
 * @throws DDPServerError `invalid-document` for anything but a plain object, and for what cannot be copied
 */
export function ownFields(fields: unknown): Fields {
  if (!isPlainObject(fields)) throw new DDPServerError('invalid-document', 'the fields of a document must be a plain object')
  try {
    const copy = EJSON.clone(fields)
    delete copy['_id']
    return copy
  } catch (cause) {
    throw new DDPServerError('invalid-document', 'the fields of a document cannot be copied: they contain themselves, or what copies them threw', { cause })
  }
}

/** @throws DDPServerError `invalid-document` for anything but a string */
export function validName(value: unknown, what: 'collection' | 'id'): string {
  if (typeof value !== 'string') throw new DDPServerError('invalid-document', `the ${what} of a document must be a string, not ${typeof value}`)
  return value
}
