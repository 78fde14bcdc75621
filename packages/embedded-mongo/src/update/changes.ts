import { setField } from '../bson/value.js'
import type { Doc, Value } from '../bson/value.js'

/** Changes of an update, path by path: the `updateDescription` of its change event. */
export class Changes {
  readonly updatedFields: Doc = {}
  readonly removedFields: string[] = []

  get isEmpty(): boolean {
    return this.removedFields.length === 0 && Object.keys(this.updatedFields).length === 0
  }

  updated(path: string, value: Value): void {
    setField(this.updatedFields, path, value)
  }

  removed(path: string): void {
    this.removedFields.push(path)
  }
}
