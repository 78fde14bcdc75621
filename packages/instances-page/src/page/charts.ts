import { byId, html, setAttribute, setText, svg } from './element.js'
import { amount, bytes, milliseconds } from './quantities.js'
import { type FigureKey, reachMs, type Sample } from './series.js'

interface Figure {
  readonly key: FigureKey
  readonly title: string
  readonly words: (value: number) => string
}

const figures: readonly Figure[] = [
  { key: 'sent', title: 'Events sent', words: (value) => `${amount(value)}/s` },
  { key: 'received', title: 'Events received', words: (value) => `${amount(value)}/s` },
  { key: 'bytesSent', title: 'Data sent', words: (value) => `${bytes(value)}/s` },
  { key: 'bytesReceived', title: 'Data received', words: (value) => `${bytes(value)}/s` },
  { key: 'behind', title: 'Furthest behind', words: (value) => `${amount(value)} ev.` },
  { key: 'roundTrip', title: 'Slowest round trip', words: (value) => (value === 0 ? '–' : milliseconds(value)) },
]

const width = 160
const height = 36

/** Small charts of throughput and lag, each with its latest figure in words. */
export class Charts {
  readonly #charts = figures.map((figure) => new Chart(figure))

  constructor() {
    byId('charts').append(...this.#charts.map(({ element }) => element))
  }

  show(samples: readonly Sample[], now: number): void {
    for (const chart of this.#charts) chart.show(samples, now)
  }
}

class Chart {
  readonly element: HTMLElement
  readonly #figure: Figure
  readonly #value = html('strong', {}, '–')
  readonly #most = html('span', { class: 'quiet' })
  readonly #area = svg('path', { class: 'area' })
  readonly #line = svg('path', { class: 'curve' })
  readonly #svg = svg('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img' }, this.#area, this.#line)

  constructor(figure: Figure) {
    this.#figure = figure
    this.element = html('figure', { class: `chart ${figure.key}` }, html('figcaption', {}, figure.title, this.#value), this.#svg, this.#most)
    this.show([], 0)
  }

  show(samples: readonly Sample[], now: number): void {
    const { key, title, words } = this.#figure
    const values = samples.map((sample) => sample.values[key])
    const most = Math.max(0, ...values)
    const latest = values.at(-1)
    setText(this.#value, latest === undefined ? '–' : words(latest))
    setText(this.#most, latest === undefined ? 'measuring…' : `at most ${words(most)}`)
    setAttribute(this.#svg, 'aria-label', latest === undefined ? `${title}: not measured yet` : `${title}: ${words(latest)} now, at most ${words(most)} in the last two minutes`)
    const points = samples.map((sample) => `${(width * (1 - (now - sample.at) / reachMs)).toFixed(1)} ${(height - 1 - (most === 0 ? 0 : (sample.values[key] / most) * (height - 4))).toFixed(1)}`)
    const curve = points.length === 0 ? '' : `M${points.join('L')}`
    setAttribute(this.#line, 'd', curve)
    const [first, last] = [points[0], points.at(-1)]
    setAttribute(this.#area, 'd', first && last ? `${curve}L${last.split(' ')[0] ?? ''} ${height}L${first.split(' ')[0] ?? ''} ${height}Z` : '')
  }
}
