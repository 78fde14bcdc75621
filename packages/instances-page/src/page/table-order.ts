import { columns, type SortValue } from './columns.js'
import type { Instance } from './instance.js'

export interface Order {
  /** Of a column. */
  readonly key: string
  readonly descending: boolean
}

export interface Filter {
  readonly words: string
  /** Empty: all. */
  readonly status: string
}

/** The instances to show, in this order; those that are equal in it stay in the order of their registration. */
export function arranged(instances: readonly Instance[], filter: Filter, order: Order, now: number): readonly Instance[] {
  const column = columns.find(({ key }) => key === order.key)
  const chosen = instances.filter((instance) => isChosen(instance, filter, now))
  return column ? chosen.toSorted((a, b) => compare(column.valueOf(a), column.valueOf(b), order.descending)) : chosen
}

/** Every word has to stand somewhere in the row. */
function isChosen(instance: Instance, { words, status }: Filter, now: number): boolean {
  if (status !== '' && instance.status !== status && !(status === 'alive' && instance.local)) return false
  const row = columns.map(({ textOf }) => textOf(instance, now)).join('\n').toLowerCase()
  return words.toLowerCase().split(/\s+/).every((word) => row.includes(word))
}

function compare(a: SortValue, b: SortValue, descending: boolean): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true })
  return descending ? -order : order
}
