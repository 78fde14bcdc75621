import stringWidth from 'string-width'
import { printable } from './printable.js'

export type Style = 'plain' | 'bold' | 'dim' | 'good' | 'odd' | 'bad'

/** A piece of a line: text that can be printed as it is, and how it looks where there are colours. */
export interface Span {
  readonly text: string
  readonly style: Style
}

export type Line = readonly Span[]

/** The only way to a span: whatever the text holds, it cannot move the cursor or end the line. */
export const span = (text: string, style: Style = 'plain'): Span => ({ text: printable(text), style })

export const line = (...parts: readonly (Span | string)[]): Line => parts.map((part) => (typeof part === 'string' ? span(part) : part))

export const widthOf = (text: string): number => stringWidth(text)

export const textOf = (parts: Line): string => parts.map(({ text }) => text).join('')

/** The beginning of `text`, as it can be printed, that fits into so many columns; with `…` where something is left out. */
export function fit(text: string, columns: number): string {
  const whole = printable(text)
  if (widthOf(whole) <= columns) return whole
  if (columns < 1) return ''
  let kept = ''
  for (const { segment } of new Intl.Segmenter().segment(whole)) {
    if (widthOf(kept + segment) > columns - 1) break
    kept += segment
  }
  return `${kept}…`
}
