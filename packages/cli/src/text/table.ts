import { fit, type Line, type Span, span, widthOf } from './line.js'

const gap = '  '

/** Smallest width of a column without one of its own. */
const usualLeast = 6

/** Rows in columns, for a terminal: each as wide as its widest cell, and the widest cut first where the terminal is too narrow, though never below its `least`. */
export function table(rows: readonly (readonly Span[])[], columns: number, least: readonly number[] = []): Line[] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const natural = Array.from({ length: count }, (_, column) => Math.max(0, ...rows.map((row) => widthOf(row[column]?.text ?? ''))))
  const widths = narrowed(natural, columns - gap.length * (count - 1), least)
  return rows.map((row) =>
    row.flatMap((cell, column) => {
      const text = fit(cell.text, widths[column] ?? 0)
      const last = column === row.length - 1
      const padding = last ? '' : ' '.repeat((widths[column] ?? 0) - widthOf(text)) + gap
      return [span(text, cell.style), span(padding)]
    }),
  )
}

/** Takes from the widest column that has something to give, until all fit or none has. */
function narrowed(natural: readonly number[], room: number, least: readonly number[]): number[] {
  const widths = [...natural]
  const spare = (column: number): number => (widths[column] ?? 0) - (least[column] ?? usualLeast)
  for (let over = widths.reduce((sum, width) => sum + width, 0) - room; over > 0; over -= 1) {
    const giving = widths.map((_, column) => column).filter((column) => spare(column) > 0)
    const widest = giving.reduce<number | undefined>((best, column) => (best === undefined || (widths[column] ?? 0) > (widths[best] ?? 0) ? column : best), undefined)
    if (widest === undefined) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}
