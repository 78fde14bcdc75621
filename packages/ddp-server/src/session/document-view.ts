import { setOwn } from '@ddp-cluster/ddp-common/internal'
import { noteCleared, noteField, type FieldChanges, type Fields } from './fields.js'
import { isSame } from './same-value.js'

/** Value of one field by one publisher; later publishers of the field follow, and take over when it ends. */
interface Claim<Owner> {
  readonly owner: Owner
  value: unknown
  next: Claim<Owner> | undefined
}

/**
 * One document as the client has it: the union of what its publishers say of it. Of a field that several of them publish the client has
 * the value of whoever named it first, as in Meteor.
 */
export class DocumentView<Owner> {
  readonly owners = new Set<Owner>()
  readonly #claims = new Map<string, Claim<Owner>>()

  fields(): Fields {
    const fields: Fields = {}
    for (const [key, claim] of this.#claims) setOwn(fields, key, claim.value)
    return fields
  }

  set(owner: Owner, key: string, value: unknown, changes: FieldChanges): void {
    const first = this.#claims.get(key)
    if (first === undefined) {
      this.#claims.set(key, { owner, value, next: undefined })
      noteField(changes, key, value)
      return
    }
    let claim: Claim<Owner> = first
    while (claim.owner !== owner && claim.next !== undefined) claim = claim.next
    if (claim.owner !== owner) {
      claim.next = { owner, value, next: undefined }
      return
    }
    if (claim === first && !isSame(claim.value, value)) noteField(changes, key, value)
    claim.value = value
  }

  clear(owner: Owner, key: string, changes: FieldChanges): void {
    let before: Claim<Owner> | undefined
    let claim = this.#claims.get(key)
    while (claim !== undefined && claim.owner !== owner) {
      before = claim
      claim = claim.next
    }
    if (claim === undefined) return
    if (before !== undefined) {
      before.next = claim.next
    } else if (claim.next === undefined) {
      this.#claims.delete(key)
      noteCleared(changes, key)
    } else {
      this.#claims.set(key, claim.next)
      if (!isSame(claim.value, claim.next.value)) noteField(changes, key, claim.next.value)
    }
  }

  clearAll(owner: Owner, changes: FieldChanges): void {
    for (const key of this.#claims.keys()) this.clear(owner, key, changes)
  }
}
