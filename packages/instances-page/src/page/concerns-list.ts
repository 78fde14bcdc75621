import { type Concern, concernsOf } from './concerns.js'
import { byId, html, setHidden, setText } from './element.js'
import { KeyedList } from './keyed-list.js'
import type { Snapshot } from './snapshot.js'
import { signOf } from './status-signs.js'
import type { View } from './views.js'

/** More are said to be there, and stand in the table. */
const mostShown = 6

/** List of concerns, each with its reason in words. */
export class ConcernsList {
  readonly #none = byId('no-problems')
  readonly #list: KeyedList<Concern, HTMLLIElement>

  constructor(onPoint: (id: string | undefined) => void) {
    this.#list = new KeyedList(byId('problems'), ({ key, sign }) => `${key} ${sign}`, (concern) => make(concern, onPoint), (item, { title, why }) => {
      for (const [name, words] of [['.title', title], ['.why', why]] as const) {
        const part = item.querySelector(name)
        if (part) setText(part, words)
      }
    })
  }

  show(snapshot: Snapshot, views: readonly View[], now: number): void {
    const concerns = concernsOf(snapshot, views, now)
    const more = concerns.length - mostShown
    setText(this.#none, concerns.length === 0 ? calm(snapshot) : more > 0 ? `The first ${mostShown} of ${concerns.length}; the table has them all.` : '')
    setHidden(this.#none, concerns.length > 0 && more <= 0)
    this.#list.show(concerns.slice(0, mostShown))
  }
}

function calm({ instances }: Snapshot): string {
  return instances.length === 1 ? 'Nothing. This instance is alone.' : 'Nothing. Everyone is here, and every link is up.'
}

function make({ sign, instance }: Concern, onPoint: (id: string | undefined) => void): HTMLLIElement {
  const item = html('li', { class: sign }, signOf(sign), html('div', {}, html('strong', { class: 'title' }), html('p', { class: 'why' })))
  item.addEventListener('pointerenter', () => onPoint(instance))
  item.addEventListener('pointerleave', () => onPoint(undefined))
  return item
}
