import type { Fields } from './instance-documents.js'

/** Change that turns one set of documents into another. Fields that are gone are `undefined`. */
export type Change =
  | { readonly type: 'added' | 'changed'; readonly id: string; readonly fields: Record<string, unknown> }
  | { readonly type: 'removed'; readonly id: string }

export function difference(before: ReadonlyMap<string, Fields>, after: ReadonlyMap<string, Fields>): Change[] {
  const changes: Change[] = []
  for (const id of before.keys()) if (!after.has(id)) changes.push({ type: 'removed', id })
  for (const [id, fields] of after) {
    const old = before.get(id)
    if (old === fields) continue
    if (!old) {
      changes.push({ type: 'added', id, fields: { ...fields } })
      continue
    }
    const changed = changedFields(old, fields)
    if (Object.keys(changed).length > 0) changes.push({ type: 'changed', id, fields: changed })
  }
  return changes
}

function changedFields(old: Fields, fields: Fields): Record<string, unknown> {
  const changed: Record<string, unknown> = {}
  for (const key of Object.keys(old)) if (!(key in fields)) changed[key] = undefined
  for (const [key, value] of Object.entries(fields)) if (JSON.stringify(old[key]) !== JSON.stringify(value)) changed[key] = value
  return changed
}
