import { chartStyle, colourOf, escapeXml } from './colours.js'
import { ticks } from './ticks.js'

export interface Series {
  readonly name: string
  /** One for each group; not negative. */
  readonly values: readonly number[]
}

export interface BarChart {
  readonly title: string
  readonly groups: readonly string[]
  readonly series: readonly Series[]
}

const width = 860
const edge = { left: 170, right: 56, top: 60, bottom: 30 }
const innerWidth = width - edge.left - edge.right
const [barHeight, groupGap] = [11, 12]
const letterWidth = 6.6

/** Lying bars, a group of them for each name: an SVG element of its own, legible on a light and on a dark ground, in a page or as a file. */
export function barChart({ title, groups, series }: BarChart): string {
  const groupHeight = series.length * barHeight + groupGap
  const bottom = edge.top + groups.length * groupHeight
  const xTicks = ticks(Math.max(0, ...series.flatMap(({ values }) => values)), 8)
  const most = xTicks.at(-1) ?? 1
  const widthOf = (value: number): number => Number(((value / most) * innerWidth).toFixed(1))
  const bars = groups.flatMap((group, row) => {
    const top = edge.top + row * groupHeight + groupGap / 2
    const label = `<text class="name" x="${edge.left - 10}" y="${top + (series.length * barHeight) / 2 + 4}" text-anchor="end">${escapeXml(group)}</text>`
    return [label, ...series.flatMap(({ name, values }, index) => {
      const value = values[row] ?? 0
      const y = top + index * barHeight
      return [
        `<rect x="${edge.left}" y="${y}" width="${widthOf(value)}" height="${barHeight - 2}" fill="${colourOf(index)}"><title>${escapeXml(`${group}, ${name}: ${value.toFixed(2)}`)}</title></rect>`,
        `<text x="${edge.left + widthOf(value) + 5}" y="${y + barHeight - 2}" font-size="10">${value === 0 ? '–' : value.toFixed(1)}</text>`,
      ]
    })]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${bottom + edge.bottom}" width="100%" role="img" aria-label="${escapeXml(title)}">`,
    `<style>${chartStyle}</style>`,
    `<text class="title" x="16" y="18">${escapeXml(title)}</text>`,
    ...legend(series),
    ...xTicks.map((x) => `<path class="grid" d="M${edge.left + widthOf(x)} ${edge.top}V${bottom}"/><text x="${edge.left + widthOf(x)}" y="${bottom + 18}" text-anchor="middle">${x.toLocaleString('en')}</text>`),
    ...bars,
    '</svg>',
  ].join('\n') + '\n'
}

function legend(series: readonly Series[]): string[] {
  let x = edge.left
  return series.map(({ name }, index) => {
    const entry = `<rect x="${x.toFixed(1)}" y="34" width="12" height="9" fill="${colourOf(index)}"/><text class="name" x="${(x + 18).toFixed(1)}" y="42">${escapeXml(name)}</text>`
    x += 36 + name.length * letterWidth
    return entry
  })
}
