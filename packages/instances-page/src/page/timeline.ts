import { timeOfDay } from './durations.js'
import { byId, html, setHidden, setText } from './element.js'
import { type Happening, type HappeningType, inWords } from './happening.js'
import { KeyedList } from './keyed-list.js'
import { type Sign, signOf } from './status-signs.js'

/** Before all are asked for. */
const firstShown = 8

const signs: Readonly<Record<HappeningType, Sign>> = {
  joined: 'alive', recovered: 'alive', suspected: 'suspect', left: 'left', registryLost: 'suspect', registryRestored: 'alive', stalled: 'suspect', gap: 'suspect', unreachableSelf: 'suspect', expelled: 'suspect',
}

/** Events in words, the latest first. */
export class Timeline {
  readonly #more = byId<HTMLButtonElement>('more')
  readonly #list = new KeyedList<Happening, HTMLLIElement>(byId('timeline'), ({ number }) => String(number), make, () => undefined)
  #happenings: readonly Happening[] = []
  #all = false

  constructor() {
    this.#more.addEventListener('click', () => {
      this.#all = !this.#all
      this.#draw()
    })
  }

  show(happenings: readonly Happening[]): void {
    this.#happenings = happenings
    this.#draw()
  }

  #draw(): void {
    this.#list.show(this.#all ? this.#happenings : this.#happenings.slice(0, firstShown))
    setHidden(this.#more, this.#happenings.length <= firstShown)
    setText(this.#more, this.#all ? 'Show the latest' : `Show all ${this.#happenings.length}`)
  }
}

function make(happening: Happening): HTMLLIElement {
  const { at, type, instance } = happening
  const words = html('span', { class: 'words' }, inWords(happening))
  if (instance !== undefined) words.append(' ', html('span', { class: 'quiet' }, instance))
  return html('li', {}, html('time', { datetime: at.toISOString(), title: at.toLocaleString() }, timeOfDay(at)), signOf(signs[type]), words)
}
