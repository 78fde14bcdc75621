/** Milliseconds by the clock that all processes share. */
export type Millis = number

interface Span {
  readonly by: string
  readonly token: number
  readonly from: Millis
  until: Millis
}

/** What the contenders said, put together: who held which token from when until when, and what was wrong with that. */
export class Judge {
  readonly wrong: string[] = []
  /** In the order in which they were acquired. */
  readonly acquired: { readonly by: string; readonly token: number; readonly at: Millis }[] = []
  readonly counts = { wrote: 0, refused: 0, lost: 0 }
  readonly #spans = new Map<number, Span>()
  #head = 0

  hear(by: string, line: string): void {
    const [word, tokenText, nanos] = line.split(' ')
    const token = Number(tokenText)
    const at = Number(BigInt(nanos ?? 0) / 1000n) / 1000
    switch (word) {
      case 'held':
        return this.#held(by, token, at)
      case 'acquired':
        if (this.acquired.some((other) => other.token === token)) this.wrong.push(`token ${token} was given twice`)
        this.acquired.push({ by, token, at })
        return
      case 'wrote':
      case 'refused':
      case 'lost':
        this.counts[word] += 1
        return
      default:
        this.wrong.push(`${by} said ${JSON.stringify(line)}`)
    }
  }

  /** The fenced document has this token now. */
  fencedBy(token: number): void {
    if (token < this.#head) this.wrong.push(`the document went back from token ${this.#head} to ${token}`)
    this.#head = token
  }

  /** Any two that held the lease at one moment. */
  overlaps(): string[] {
    const spans = [...this.#spans.values()].sort((a, b) => a.from - b.from)
    return spans.flatMap((span, index) => {
      const next = spans[index + 1]
      return next && next.from <= span.until ? [`${span.by} held ${span.token} until ${span.until}, ${next.by} held ${next.token} from ${next.from}`] : []
    })
  }

  #held(by: string, token: number, at: Millis): void {
    const span = this.#spans.get(token)
    if (!span) this.#spans.set(token, { by, token, from: at, until: at })
    else if (span.by !== by) this.wrong.push(`${span.by} and ${by} both held token ${token}`)
    else span.until = at
  }
}
