import { byId, setAttribute, setText, svg } from './element.js'
import type { Instance } from './instance.js'
import { KeyedList } from './keyed-list.js'
import type { LinkBetween } from './links.js'
import { type Place, ringLayout, type RingLayout } from './ring-layout.js'
import { shortened } from './shortened.js'
import { shapeOf } from './status-signs.js'

/** Of a name beside its sign. */
const mostLetters = 20

interface Node {
  readonly instance: Instance
  readonly place: Place
}

/** Links of one kind are one path, however many there are. */
const lineKinds = ['far', 'up', 'opening', 'broken'] as const
type LineKind = (typeof lineKinds)[number]

interface Broken {
  readonly key: string
  readonly from: Place
  readonly to: Place
}

/** The ring of instances with the links between them. The table says the same in words. */
export class Ring {
  readonly #svg = byId<SVGSVGElement>('ring')
  readonly #onPoint: (id: string | undefined) => void
  readonly #lines: Readonly<Record<LineKind, SVGPathElement>>
  readonly #halo = svg('circle', { class: 'halo', r: '16' })
  readonly #crosses: KeyedList<Broken, SVGPathElement>
  readonly #nodes: KeyedList<Node, SVGGElement>
  #layout: RingLayout = ringLayout(0, 600)
  #instances: readonly Instance[] = []
  #links: readonly LinkBetween[] = []
  #pointed: string | undefined

  constructor(onPoint: (id: string | undefined) => void) {
    this.#onPoint = onPoint
    const line = (kind: LineKind): SVGPathElement => svg('path', { class: `link ${kind}` })
    this.#lines = { far: line('far'), up: line('up'), opening: line('opening'), broken: line('broken') }
    const [crosses, nodes] = [svg('g'), svg('g')]
    this.#svg.append(...lineKinds.map((kind) => this.#lines[kind]), this.#halo, crosses, nodes)
    this.#crosses = new KeyedList(crosses, ({ key }) => key, () => svg('path', { class: 'cross', d: shapeOf('left') }), updateCross)
    this.#nodes = new KeyedList(nodes, ({ instance }) => instance.id, ({ instance }) => this.#makeNode(instance.id), (group, node) => this.#updateNode(group, node))
    // Not at once: what is drawn may have another size.
    new ResizeObserver(() => requestAnimationFrame(() => this.#draw())).observe(this.#svg)
  }

  show(instances: readonly Instance[], links: readonly LinkBetween[]): void {
    // The one that shows the page is at the top.
    this.#instances = [...instances.filter(({ local }) => local), ...instances.filter(({ local }) => !local)]
    this.#links = links
    this.#draw()
  }

  /** Makes one stand out. */
  point(id: string | undefined): void {
    if (this.#pointed === id) return
    this.#pointed = id
    this.#draw()
  }

  #draw(): void {
    this.#layout = ringLayout(this.#instances.length, this.#svg.clientWidth || 600)
    const { width, height, places } = this.#layout
    setAttribute(this.#svg, 'viewBox', `${-width / 2} ${-height / 2} ${width} ${height}`)
    const nodes = this.#instances.flatMap((instance, index) => (places[index] ? [{ instance, place: places[index] }] : []))
    const placeOf = new Map(nodes.map(({ instance, place }) => [instance.id, place]))
    const drawn: Record<LineKind, string> = { far: '', up: '', opening: '', broken: '' }
    const broken: Broken[] = []
    for (const { from, to, state, own } of this.#links) {
      const [a, b] = [placeOf.get(from), placeOf.get(to)]
      if (!a || !b) continue
      drawn[state === 'up' && !own ? 'far' : state] += `M${round(a.x)} ${round(a.y)}L${round(b.x)} ${round(b.y)}`
      if (state === 'broken') broken.push({ key: `${from} ${to}`, from: a, to: b })
    }
    for (const kind of lineKinds) setAttribute(this.#lines[kind], 'd', drawn[kind])
    setAttribute(this.#svg, 'data-many', this.#links.length > 60 ? '' : undefined)
    this.#crosses.show(broken)
    this.#nodes.show(nodes)
    const place = this.#pointed === undefined ? undefined : placeOf.get(this.#pointed)
    setAttribute(this.#halo, 'visibility', place ? 'visible' : 'hidden')
    if (place) setAttribute(this.#halo, 'transform', `translate(${round(place.x)} ${round(place.y)})`)
  }

  #makeNode(id: string): SVGGElement {
    const group = svg('g', {}, svg('circle', { class: 'reach', r: '14' }), svg('path'), svg('text'))
    group.addEventListener('pointerenter', () => this.#onPoint(id))
    group.addEventListener('pointerleave', () => this.#onPoint(undefined))
    return group
  }

  #updateNode(group: SVGGElement, { instance, place }: Node): void {
    const { scale, labelled } = this.#layout
    setAttribute(group, 'class', `node ${instance.status}`)
    const [, path, label] = group.children
    if (!path || !label) return
    setAttribute(group, 'transform', `translate(${round(place.x)} ${round(place.y)})`)
    setAttribute(path, 'd', shapeOf(instance.status))
    setAttribute(path, 'transform', `scale(${scale})`)
    const named = labelled || instance.id === this.#pointed
    setText(label, named ? shortened(instance.address, mostLetters) : '')
    setAttribute(label, 'x', round(place.label.x - place.x))
    setAttribute(label, 'y', round(place.label.y - place.y))
    setAttribute(label, 'text-anchor', place.label.anchor)
  }
}

/** Midway: a link that is broken is known by more than its colour. */
function updateCross(cross: SVGPathElement, { from, to }: Broken): void {
  setAttribute(cross, 'transform', `translate(${round((from.x + to.x) / 2)} ${round((from.y + to.y) / 2)})`)
}

const round = (value: number): string => value.toFixed(1)
