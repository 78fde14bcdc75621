import { chartStyle, colourOf, dashOf, escapeXml } from './colours.js'
import { type Point, thin } from './thin.js'
import { ticks } from './ticks.js'

export interface Line {
  readonly name: string
  /** In order of x; x and y are not negative. */
  readonly points: readonly Point[]
}

export interface LineChart {
  readonly title: string
  readonly lines: readonly Line[]
  /** Of the axes; both begin at 0. Default: the unit is part of the title. */
  readonly xUnit?: string
  readonly yUnit?: string
  /** What lies left of it is shaded: it is not judged. */
  readonly shadedUntil?: number
}

const width = 860
const height = 260
const edge = { left: 64, right: 16, top: 60, bottom: 36 }
const [innerWidth, innerHeight] = [width - edge.left - edge.right, height - edge.top - edge.bottom]
/** Of a letter of a name, about. */
const letterWidth = 6.6

/** An SVG element of its own, which needs nothing else: legible on a light and on a dark ground, in a page or as a file. */
export function lineChart({ title, lines, xUnit = '', yUnit = '', shadedUntil = 0 }: LineChart): string {
  const points = lines.flatMap((line) => line.points)
  const xMost = points.reduce((most, [x]) => Math.max(most, x), 0) || 1
  const yTicks = ticks(points.reduce((most, [, y]) => Math.max(most, y), 0), 4)
  const yMost = yTicks.at(-1) ?? 1
  const xAt = (x: number): string => (edge.left + (x / xMost) * innerWidth).toFixed(1)
  const yAt = (y: number): string => (edge.top + (1 - y / yMost) * innerHeight).toFixed(1)
  const bottom = edge.top + innerHeight
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${height}" width="100%" role="img" aria-label="${escapeXml(title)}">`,
    `<style>${chartStyle}</style>`,
    `<text class="title" x="${edge.left}" y="18">${escapeXml(title)}</text>`,
    ...legend(lines),
    shadedUntil > 0 ? `<rect class="shade" x="${edge.left}" y="${edge.top}" width="${(innerWidth * Math.min(1, shadedUntil / xMost)).toFixed(1)}" height="${innerHeight}"/>` : '',
    ...yTicks.map((y) => `<path class="grid" d="M${edge.left} ${yAt(y)}h${innerWidth}"/><text x="${edge.left - 8}" y="${Number(yAt(y)) + 4}" text-anchor="end">${label(y)}${escapeXml(yUnit && ` ${yUnit}`)}</text>`),
    ...ticks(xMost, 8).filter((x) => x <= xMost).map((x) => `<path class="grid" d="M${xAt(x)} ${bottom}v5"/><text x="${xAt(x)}" y="${bottom + 19}" text-anchor="middle">${label(x)}${escapeXml(xUnit && ` ${xUnit}`)}</text>`),
    ...lines.map((line, index) => `<polyline stroke="${colourOf(index)}"${dashOf(index)} points="${thin(line.points, innerWidth).map(([x, y]) => `${xAt(x)},${yAt(y)}`).join(' ')}"><title>${escapeXml(line.name)}</title></polyline>`),
    '</svg>',
  ].filter((part) => part !== '').join('\n')
}

function legend(lines: readonly Line[]): string[] {
  let x = edge.left
  return lines.map(({ name }, index) => {
    const entry = `<path d="M${x.toFixed(1)} 38h16" stroke="${colourOf(index)}" stroke-width="3"${dashOf(index)}/><text class="name" x="${(x + 22).toFixed(1)}" y="42">${escapeXml(name)}</text>`
    x += 40 + name.length * letterWidth
    return entry
  })
}

const label = (value: number): string => value.toLocaleString('en')
