import { openSync, writeSync } from 'node:fs'

/** Milliseconds by a clock that all processes of the machine share and that nobody sets. */
export const sharedNow = (): number => Number(process.hrtime.bigint() / 1000n) / 1000

/** One thing that an instance says of itself, and when. */
export type Entry =
  | { readonly what: 'joined'; readonly at: number; readonly id: string }
  /** A listener was called with number `n` of a sender; the cluster gave it `seq`. */
  | { readonly what: 'heard'; readonly at: number; readonly from: string; readonly n: number; readonly seq: number }
  | { readonly what: 'gap'; readonly at: number; readonly from: string; readonly after: number; readonly lost: number; readonly exact: boolean }
  | { readonly what: 'told'; readonly at: number; readonly event: 'memberJoined' | 'memberSuspected' | 'memberRecovered' | 'memberLeft'; readonly about: string; readonly reason: string | undefined }
  /** Seen just after `at`: the lease is held, under this token. */
  | { readonly what: 'held'; readonly at: number; readonly token: number }
  /** A call of this name ran here. */
  | { readonly what: 'ran'; readonly at: number; readonly call: string }
  /** What a call came to: `ok`, or the code of its error. */
  | { readonly what: 'called'; readonly at: number; readonly call: string; readonly to: string; readonly outcome: string }
  /** Its event loop stood still for so long, and the process ran for so much of that. */
  | { readonly what: 'late'; readonly at: number; readonly byMs: number; readonly cpuMs: number }
  | { readonly what: 'size'; readonly at: number; readonly rssBytes: number }

/** What one process wrote before it ended, however it ended. */
export interface Journal {
  readonly id: string
  readonly entries: readonly Entry[]
}

/** Writes a journal that outlives its process: what is written is with the operating system. */
export class JournalWriter {
  /** Open from the start: later there may be no descriptor left. */
  readonly #file: number
  #lines = ''

  constructor(file: string) {
    this.#file = openSync(file, 'a')
  }

  /** Written at the end of this turn of the event loop: of what one turn did either all is known or nothing. */
  write(entry: Entry): void {
    if (this.#lines === '') setImmediate(() => this.flush())
    this.#lines += `${JSON.stringify(entry)}\n`
  }

  flush(): void {
    const lines = this.#lines
    this.#lines = ''
    if (lines !== '') writeSync(this.#file, lines)
  }
}

/** The entries of a journal; a last line that was not finished is left out. */
export function readJournal(text: string): Journal {
  const entries = text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Entry)
  const joined = entries.find((entry) => entry.what === 'joined')
  return { id: joined?.id ?? '', entries }
}
