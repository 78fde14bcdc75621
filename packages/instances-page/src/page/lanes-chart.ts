import { span } from './durations.js'
import { byId, setAttribute, setHidden, svg } from './element.js'
import { type Lane, lanesOf, reachOf } from './lanes.js'
import type { Snapshot } from './snapshot.js'
import { shortened } from './shortened.js'
import { shapeOf } from './status-signs.js'

const laneHeight = 18
const axisHeight = 20
/** Narrower ones have little room for names. */
const roomy = 520

/** The lives of the instances side by side: when each joined, was suspect, was well again, left. */
export class LanesChart {
  readonly #svg = byId<SVGSVGElement>('lanes')
  #last: { readonly snapshot: Snapshot; readonly now: number } | undefined

  constructor() {
    // Not at once: what is drawn may have another size.
    new ResizeObserver(() => requestAnimationFrame(() => this.#last && this.#draw(this.#last))).observe(this.#svg)
  }

  show(snapshot: Snapshot, now: number): void {
    this.#last = { snapshot, now }
    this.#draw(this.#last)
  }

  #draw({ snapshot, now }: { readonly snapshot: Snapshot; readonly now: number }): void {
    const lanes = lanesOf(snapshot, now)
    setHidden(this.#svg, lanes.length === 0)
    const width = this.#svg.clientWidth || 600
    const labels = width < roomy ? 108 : 150
    const height = lanes.length * laneHeight + axisHeight
    const reachMs = reachOf(lanes, now)
    const x = (at: number): number => labels + (width - labels) * Math.max(0, 1 - (now - at) / reachMs)
    setAttribute(this.#svg, 'viewBox', `0 0 ${width} ${height}`)
    setAttribute(this.#svg, 'height', String(height))
    this.#svg.replaceChildren(...axis(x, now, height, (width < roomy ? [1, 0] : [3, 2, 1, 0]).map((part) => (part * reachMs) / (width < roomy ? 2 : 4))), ...lanes.flatMap((lane, index) => drawn(lane, index * laneHeight, x, labels)))
  }
}

function axis(x: (at: number) => number, now: number, height: number, ticksMs: readonly number[]): SVGElement[] {
  return ticksMs.flatMap((ago) => {
    const at = String(x(now - ago))
    const words = ago === 0 ? 'now' : `${tickWords(ago)} ago`
    return [
      svg('path', { class: 'grid', d: `M${at} 0V${height - axisHeight}` }),
      svg('text', { class: 'tick', x: at, y: String(height - 5), 'text-anchor': ago === 0 ? 'end' : 'middle' }, words),
    ]
  })
}

/** `45 s`, `2.5 min`. */
function tickWords(ms: number): string {
  return ms < 60_000 ? span(ms) : `${ms / 60_000} min`
}

function drawn({ address, stretches, leftAt }: Lane, top: number, x: (at: number) => number, labels: number): SVGElement[] {
  const middle = top + laneHeight / 2
  const bars = stretches.map(({ from, to, status }) => {
    const thickness = status === 'alive' ? 6 : status === 'suspect' ? 10 : 2
    const width = Math.max(1.5, x(to) - x(from))
    return svg('rect', { class: `stretch ${status}`, x: x(from).toFixed(1), y: String(middle - thickness / 2), width: width.toFixed(1), height: String(thickness) })
  })
  const end = leftAt === undefined ? [] : [svg('path', { class: 'cross', d: shapeOf('left'), transform: `translate(${Math.max(labels, x(leftAt)).toFixed(1)} ${middle})` })]
  const label = svg('text', { class: 'label', x: String(labels - 10), y: String(middle + 4), 'text-anchor': 'end' }, shortened(address, Math.floor(labels / 7.5)))
  return [label, ...bars, ...end]
}
