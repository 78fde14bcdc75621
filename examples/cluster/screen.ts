/** Shows a text that keeps changing: redrawn in place on a terminal, printed again when it changed elsewhere. */
export class Screen {
  readonly #stream: NodeJS.WriteStream
  #shown = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  get columns(): number {
    return (this.#stream.isTTY && this.#stream.columns) || Number.POSITIVE_INFINITY
  }

  show(text: string): void {
    if (text === this.#shown) return
    this.#wipe()
    this.#stream.write(`${text}\n`)
    this.#shown = text
  }

  /** Puts a line above what keeps changing, to stay there. */
  note(line: string): void {
    const shown = this.#shown
    this.#wipe()
    this.#stream.write(`${line}\n`)
    if (shown !== '' && this.#stream.isTTY) this.show(shown)
  }

  #wipe(): void {
    const linesUp = this.#shown === '' ? 0 : this.#shown.split('\n').length
    if (this.#stream.isTTY && linesUp > 0) this.#stream.write(`\u001b[${linesUp}A\u001b[J`)
    this.#shown = ''
  }
}
