import { describe, expect, it } from 'vitest'
import { lineChart } from './line-chart.js'
import { type Point, thin } from './thin.js'
import { ticks } from './ticks.js'

it.each([
  [20, 4, [0, 5, 10, 15, 20]],
  [21, 4, [0, 10, 20, 30]],
  [0.7, 4, [0, 0.2, 0.4, 0.6, 0.8]],
  [120, 8, [0, 20, 40, 60, 80, 100, 120]],
  [2000, 4, [0, 500, 1000, 1500, 2000]],
  [0, 4, [0, 0.5, 1]],
])('ticks up to %d', (most, count, expected) => expect(ticks(most, count)).toEqual(expected))

describe('many points', () => {
  const many = Array.from({ length: 100_000 }, (_, x): Point => [x, x === 50_021 ? 9 : x === 50_023 ? 0 : 1])

  it('become few, in order, without losing a peak', () => {
    const few = thin(many, 800)
    expect(few.length).toBeLessThanOrEqual(1600)
    expect(few).toContainEqual([50_021, 9])
    expect(few).toContainEqual([50_023, 0])
    expect(few.map(([x]) => x)).toEqual(few.map(([x]) => x).toSorted((a, b) => a - b))
  })

  it('few stay as they are', () => expect(thin(many.slice(0, 10), 800)).toEqual(many.slice(0, 10)))
})

describe('a chart', () => {
  const chart = lineChart({ title: 'Heap <after> "a" collection & more', xUnit: 'min', yUnit: 'MiB', shadedUntil: 1, lines: [{ name: 'one', points: [[0, 0], [2, 20]] }, { name: 'two & a half', points: [[0, 20], [2, 20]] }] })

  it('draws each line in the frame, in its own colour', () => {
    expect([...chart.matchAll(/<polyline stroke="([^"]+)" points="([^"]+)"/g)].map(([, colour, points]) => [colour, points])).toEqual([['var(--c0)', '64.0,224.0 844.0,60.0'], ['var(--c1)', '64.0,60.0 844.0,60.0']])
  })

  it('names and escapes everything, and shades half of it', () => {
    expect(chart).toContain('Heap &lt;after&gt; &quot;a&quot; collection &amp; more')
    expect(chart).toContain('two &amp; a half')
    expect(chart).toContain('20 MiB')
    expect(chart).toContain('<rect class="shade" x="64" y="60" width="390.0"')
  })

  it('asks the network for nothing, and knows a dark ground', () => {
    expect(chart.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\(|href|src=/)
    expect(chart).toContain('prefers-color-scheme: dark')
  })

  it('of nothing, or of zeros, is a chart as well', () => {
    for (const points of [[], [[0, 0]], [[0, 0], [0, 0]]] as Point[][]) expect(lineChart({ title: 'nothing', lines: [{ name: 'none', points }] })).not.toMatch(/NaN|Infinity/)
  })

  it('of more lines than there are colours tells them apart by dashes', () => {
    const strokes = [...lineChart({ title: 'many', lines: Array.from({ length: 14 }, (_, index) => ({ name: `line ${index}`, points: [[0, 1]] as Point[] })) }).matchAll(/<polyline (stroke=.*?) points/g)].map(([, stroke]) => stroke)
    expect(new Set(strokes).size).toBe(14)
  })
})
