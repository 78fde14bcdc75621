import { encodeName } from './wire.js'

/** Number of names that are kept; beyond it all are dropped at once. */
const namesKept = 1000
/** A longer one is made anew each time: an event's name may be as long as an event. */
const longestKept = 1000

/** Encoded beginnings of events, by stream and event: most are emitted again and again. */
export class EncodedNames {
  #byStream = new Map<string, Map<string, string>>()
  #count = 0

  of(stream: string, event: string): string {
    return this.#byStream.get(stream)?.get(event) ?? this.#encode(stream, event)
  }

  #encode(stream: string, event: string): string {
    const name = encodeName(stream, event)
    if (name.length > longestKept) return name
    if (this.#count >= namesKept) {
      this.#byStream = new Map()
      this.#count = 0
    }
    const names = this.#byStream.get(stream) ?? new Map<string, string>()
    this.#byStream.set(stream, names.set(event, name))
    this.#count += 1
    return name
  }
}
