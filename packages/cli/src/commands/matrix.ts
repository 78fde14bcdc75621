import { exitCodes } from '../exit-codes.js'
import { type Matrix, type Observer, type Sight, withoutView } from '../instance/matrix.js'
import { duration } from '../text/durations.js'
import { line, type Line, type Span, span, type Style, widthOf } from '../text/line.js'
import { table } from '../text/table.js'
import { wrap } from '../text/wrap.js'
import type { View } from './report.js'

export interface MatrixReport extends Matrix {
  /** Place that was asked. */
  readonly source: string
}

/** Everybody who sees, or is seen: the numbers by which the matrix names them. */
interface Cast {
  readonly id: string
  readonly address: string
}

function castOf({ observers }: Matrix): Cast[] {
  const cast = new Map<string, Cast>()
  for (const { id, address } of observers) cast.set(id, { id, address })
  for (const observer of observers) for (const { id, address } of observer.ok ? observer.members : []) if (!cast.has(id)) cast.set(id, { id, address })
  return [...cast.values()]
}

const sightOf = (observer: Observer | undefined, id: string): Sight | undefined => (observer?.ok ? observer.members.find((member) => member.id === id) : undefined)

/** A cell: `-` for oneself, `?` for what nobody said, the round trip of a link that is up. */
function cell(observer: Observer | undefined, id: string): { text: string; style: Style } {
  if (observer?.id === id) return { text: '-', style: 'dim' }
  if (!observer?.ok) return { text: '?', style: 'odd' }
  const sight = sightOf(observer, id)
  if (!sight) return { text: 'unseen', style: 'bad' }
  if (sight.status !== 'alive') return { text: sight.status, style: sight.status === 'joining' ? 'odd' : 'bad' }
  return { text: sight.roundTripMs === undefined ? 'ok' : `${Math.round(sight.roundTripMs)}ms`, style: sight.reason === undefined ? 'good' : 'odd' }
}

/** Faults in words. */
function faults(matrix: Matrix): string[] {
  const cast = castOf(matrix)
  return cast.flatMap(({ id, address }) => {
    const observer = matrix.observers.find((one) => one.id === id)
    if (!observer) return [`${id} (${address}) was seen by others, and not asked`]
    if (!observer.ok && observer.problem === withoutView) return []
    if (!observer.ok) return [`${id} (${address}) did not say what it sees: ${observer.problem}${observer.message === '' ? '' : `, ${observer.message}`}`]
    const registry = observer.registry === 'reachable' ? [] : [`${id} (${address}) does not reach MongoDB`]
    const others = cast.filter((other) => other.id !== id).flatMap((other) => {
      const sight = sightOf(observer, other.id)
      if (!sight) return [`${id} (${address}) does not know ${other.id} (${other.address})`]
      if (sight.status === 'alive' && sight.reason === undefined) return []
      const since = sight.since && matrix.at ? ` for ${duration(matrix.at.getTime() - sight.since.getTime())}` : ''
      return [`${id} (${address}) sees ${other.id} (${other.address}) as ${sight.status}${since}${sight.reason === undefined ? '' : `: ${sight.reason}`}`]
    })
    return [...registry, ...others]
  })
}

/** Remarks on instances without a view, where that is no fault. */
const notes = ({ observers }: Matrix): string[] =>
  observers.flatMap((observer) => (!observer.ok && observer.problem === withoutView ? [`${observer.id} (${observer.address}) does not use instancesApi(): nobody knows what it sees`] : []))

export const matrixView: View<MatrixReport> = {
  lines(report, columns) {
    const cast = castOf(report)
    const wrong = faults(report)
    const legend = cast.map(({ id, address }, index) => [span(`#${index + 1}`, 'bold'), span(id), span(address)])
    return [
      line(span(wrong.length === 0 ? 'all is well' : `${wrong.length} thing${wrong.length === 1 ? ' is' : 's are'} not well`, wrong.length === 0 ? 'good' : 'bad'), ` as gathered by ${report.source}`),
      line(),
      ...table([['', 'INSTANCE', 'ADDRESS'].map((title) => span(title, 'dim')), ...legend], columns, [3, 17, 12]),
      line(),
      ...blocks(report, cast, columns),
      ...(wrong.length > 0 ? [line(), ...wrong.flatMap((fault) => wrap(fault, columns, { indent: 2, style: 'bad' }))] : []),
      ...notes(report).flatMap((note) => [line(), ...wrap(note, columns, { indent: 2, style: 'dim' })]),
    ]
  },
  rows: (report) => [
    ['instance', 'sees', 'status', 'round trip in ms', 'reason'],
    ...castOf(report).flatMap(({ id }, _index, cast) => {
      const observer = report.observers.find((one) => one.id === id)
      return cast.filter((other) => other.id !== id).map((other) => {
        const sight = sightOf(observer, other.id)
        const status = sight?.status ?? (observer?.ok ? 'unseen' : '?')
        return [id, other.id, status, sight?.roundTripMs?.toFixed(1) ?? '', sight?.reason ?? (observer && !observer.ok ? `${observer.problem} ${observer.message}` : '')]
      })
    }),
  ],
  remarks: (report) => [...faults(report), ...notes(report)],
  gist: (report) => report.observers.map((observer) => (observer.ok ? [observer.id, observer.registry, observer.members.map(({ id, status, reason }) => [id, status, reason])] : [observer.id, observer.problem])),
  exitCode: (report) => (report.observers.length > 0 && faults(report).length === 0 ? exitCodes.well : exitCodes.faults),
}

/** The matrix; where it is wider than the terminal, in blocks of columns. */
function blocks(report: MatrixReport, cast: readonly Cast[], columns: number): Line[] {
  const observers = cast.map(({ id }) => report.observers.find((one) => one.id === id))
  const cells = cast.map((_, row) => cast.map(({ id }) => cell(observers[row] ?? { id: cast[row]?.id ?? '', address: '', ok: false, problem: '', message: '' }, id)))
  const width = Math.max(3, ...cells.flat().map(({ text }) => widthOf(text))) + 2
  const perBlock = Math.max(1, Math.floor((columns - 'sees'.length - 2) / width))
  const found: Line[] = []
  for (let first = 0; first < cast.length; first += Number.isFinite(perBlock) ? perBlock : cast.length) {
    const shown = cast.map((_, index) => index).slice(first, first + perBlock)
    const rows: Span[][] = cells.map((row, index) => [span(`#${index + 1}`, 'bold'), ...shown.map((column) => span(row[column]?.text ?? '', row[column]?.style))])
    found.push(...(first > 0 ? [line()] : []), ...table([[span('sees', 'dim'), ...shown.map((column) => span(`#${column + 1}`, 'bold'))], ...rows], columns))
  }
  return found
}
