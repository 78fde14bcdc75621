import { type Line, line, type Style, textOf } from './line.js'
import { escapeUnsafe, printable, printableJson } from './printable.js'

/** Part of a writable stream that the output uses: `process.stdout` and `process.stderr` have it. */
export interface Sink {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  write(text: string): unknown
}

type Environment = Readonly<Record<string, string | undefined>>

const sgr: Readonly<Record<Style, readonly [string, string]>> = {
  plain: ['', ''],
  bold: ['\u001b[1m', '\u001b[22m'],
  dim: ['\u001b[2m', '\u001b[22m'],
  good: ['\u001b[32m', '\u001b[39m'],
  odd: ['\u001b[33m', '\u001b[39m'],
  bad: ['\u001b[31m', '\u001b[39m'],
}

/** A terminal that does not say how large it is. */
const usualColumns = 80
const usualRows = 24

/** The one place that writes: no escape sequence leaves but those that are made here. */
export class Output {
  readonly #sink: Sink
  readonly #colours: boolean
  #linesDrawn = 0

  /** Colours are for terminals whose user did not say NO_COLOR, and which can do more than a typewriter (TERM=dumb). */
  constructor(sink: Sink, env: Environment) {
    this.#sink = sink
    this.#colours = this.isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  }

  get isTerminal(): boolean {
    return this.#sink.isTTY === true
  }

  /** How wide lines may be; elsewhere than on a terminal, as wide as they are. */
  get columns(): number {
    return this.isTerminal ? this.#sink.columns || usualColumns : Number.POSITIVE_INFINITY
  }

  lines(lines: readonly Line[]): void {
    this.#sink.write(lines.map((one) => `${this.#rendered(one)}\n`).join(''))
  }

  /** Prints lines in the place of those that were redrawn before. For terminals. */
  redraw(lines: readonly Line[]): void {
    // A line above the window's top could not be reached again.
    const room = (this.#sink.rows || usualRows) - 1
    const shown = lines.length > room ? [...lines.slice(0, room - 1), line(`… ${lines.length - room + 1} more lines: make the window higher`)] : lines
    if (this.#linesDrawn > 0) this.#sink.write(`\u001b[${this.#linesDrawn}A\u001b[J`)
    this.lines(shown)
    this.#linesDrawn = shown.length
  }

  /** Fields that programs can cut at tabs: nothing in them is a tab or ends the line. */
  fields(fields: readonly string[]): void {
    this.#sink.write(`${fields.map(printable).join('\t')}\n`)
  }

  json(value: unknown, indent?: number): void {
    this.#sink.write(`${printableJson(value, indent)}\n`)
  }

  #rendered(parts: Line): string {
    if (!this.#colours) return escapeUnsafe(textOf(parts)).trimEnd()
    return parts.map(({ text, style }) => sgr[style][0] + escapeUnsafe(text) + sgr[style][1]).join('')
  }
}
