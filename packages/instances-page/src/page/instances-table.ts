import { type Column, columns } from './columns.js'
import { byId, html, setAttribute, setHidden, setText } from './element.js'
import type { Instance } from './instance.js'
import { KeyedList } from './keyed-list.js'
import { count } from './quantities.js'
import { signOf } from './status-signs.js'
import { arranged, type Order } from './table-order.js'

/** Before all are asked for. */
const firstShown = 25

/** The table of instances, with what sorts and filters it. */
export class InstancesTable {
  readonly #filter = byId<HTMLInputElement>('filter')
  readonly #status = byId<HTMLSelectElement>('status-filter')
  readonly #sortBy = byId<HTMLSelectElement>('sort-by')
  readonly #shown = byId('shown')
  readonly #more = byId<HTMLButtonElement>('more-rows')
  readonly #headings = new Map<string, HTMLTableCellElement>()
  readonly #rows: KeyedList<Instance, HTMLTableRowElement>
  #order: Order = { key: 'status', descending: false }
  #instances: readonly Instance[] = []
  #now = Date.now()
  #pointed: string | undefined
  #all = false

  constructor(onPoint: (id: string | undefined) => void) {
    const headings = html('tr', { role: 'row' })
    for (const column of columns) {
      headings.append(this.#heading(column))
      this.#sortBy.append(html('option', { value: column.key }, column.title))
    }
    byId('columns').append(headings)
    this.#rows = new KeyedList(byId('rows'), ({ id }) => id, (instance) => makeRow(instance, onPoint), (row, instance) => {
      updateRow(row, instance, this.#now)
      setAttribute(row, 'data-pointed', instance.id === this.#pointed ? '' : undefined)
    })
    this.#filter.addEventListener('input', () => this.#arrange())
    this.#status.addEventListener('change', () => this.#arrange())
    this.#sortBy.addEventListener('change', () => this.#sort({ key: this.#sortBy.value, descending: false }))
    this.#more.addEventListener('click', () => {
      this.#all = !this.#all
      this.#arrange()
    })
    this.#sort(this.#order)
  }

  show(instances: readonly Instance[], now: number): void {
    this.#instances = instances
    this.#now = now
    this.#arrange()
  }

  /** Makes one row stand out. */
  point(id: string | undefined): void {
    this.#pointed = id
    this.#arrange()
  }

  #heading({ key, title, numeric }: Column): HTMLTableCellElement {
    const button = html('button', { type: 'button' }, title, html('span', { class: 'arrow', 'aria-hidden': 'true' }))
    button.addEventListener('click', () => this.#sort({ key, descending: this.#order.key === key && !this.#order.descending }))
    const cell = html('th', { role: 'columnheader', scope: 'col', class: numeric && 'number' }, button)
    this.#headings.set(key, cell)
    return cell
  }

  #sort(order: Order): void {
    this.#order = order
    this.#sortBy.value = order.key
    for (const [key, cell] of this.#headings) setAttribute(cell, 'aria-sort', key === order.key ? (order.descending ? 'descending' : 'ascending') : undefined)
    this.#arrange()
  }

  #arrange(): void {
    const rows = arranged(this.#instances, { words: this.#filter.value, status: this.#status.value }, this.#order, this.#now)
    this.#rows.show(this.#all ? rows : rows.slice(0, firstShown))
    setHidden(this.#more, rows.length <= firstShown)
    setText(this.#more, this.#all ? `Show the first ${firstShown}` : `Show all ${rows.length}`)
    const all = this.#instances.length
    setText(this.#shown, rows.length === all ? '' : rows.length === 0 ? 'No instance is like that.' : `${rows.length} of ${count(all, 'instance')}`)
    setHidden(this.#shown, rows.length === all)
  }
}

function makeRow({ id }: Instance, onPoint: (id: string | undefined) => void): HTMLTableRowElement {
  const cells = columns.map(({ key, title, numeric }) => {
    const value = html('span', { class: 'value' })
    return html('td', { role: 'cell', 'data-column': key, 'data-title': title, class: numeric && 'number' }, ...(key === 'status' ? [html('span', { class: 'sign-place' })] : []), value)
  })
  const row = html('tr', { role: 'row' }, ...cells)
  row.addEventListener('pointerenter', () => onPoint(id))
  row.addEventListener('pointerleave', () => onPoint(undefined))
  return row
}

function updateRow(row: HTMLTableRowElement, instance: Instance, now: number): void {
  if (row.dataset['status'] !== instance.status) {
    row.dataset['status'] = instance.status
    row.querySelector('.sign-place')?.replaceChildren(signOf(instance.status))
  }
  columns.forEach(({ textOf }, index) => {
    const cell = row.cells[index]
    const value = cell?.querySelector('.value')
    if (!cell || !value) return
    const words = textOf(instance, now)
    setText(value, words)
    setAttribute(cell, 'data-empty', words === '' ? '' : undefined)
  })
}
