/** The children of one element, one an item: an item that stays keeps its element, and with it the focus and what is selected in it. */
export class KeyedList<Item, E extends Element> {
  readonly #parent: Element
  readonly #keyOf: (item: Item) => string
  readonly #make: (item: Item) => E
  readonly #update: (element: E, item: Item) => void
  #elements = new Map<string, E>()

  constructor(parent: Element, keyOf: (item: Item) => string, make: (item: Item) => E, update: (element: E, item: Item) => void) {
    this.#parent = parent
    this.#keyOf = keyOf
    this.#make = make
    this.#update = update
  }

  show(items: readonly Item[]): void {
    const elements = new Map<string, E>()
    let place: Element | null = this.#parent.firstElementChild
    for (const item of items) {
      const key = this.#keyOf(item)
      const element = this.#elements.get(key) ?? this.#make(item)
      this.#update(element, item)
      elements.set(key, element)
      if (element === place) place = element.nextElementSibling
      else this.#parent.insertBefore(element, place)
    }
    for (const [key, element] of this.#elements) if (!elements.has(key)) element.remove()
    this.#elements = elements
  }
}
