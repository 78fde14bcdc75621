/** Facts of an event beside its text. */
export interface EntryFacts {
  /** Monotonic time of the `emit`. */
  readonly at: number
  readonly stream: string
  /** The one instance that it is for; undefined: all. */
  readonly to: string | undefined
}

/** Most characters take one byte, none more than three. */
const mostBytesPerCharacter = 3

/**
 * A piece of the log: events as they stand in a frame, `,offset,stream,event,args` one behind the other. Offsets count from the first
 * event of the segment, so that any run of events can be sent as it stands. All of its memory is taken once, and used again when what
 * stood there has been dropped: a log at full load is no work for the garbage collector.
 */
export class Segment {
  readonly bytes: Buffer
  /** How many events it takes at most. */
  readonly capacity: number
  readonly #ends: Uint32Array
  readonly #times: Float64Array
  readonly #streams: string[] = []
  readonly #targets = new Map<number, string>()
  #base = 1
  #bytesBefore = 0
  #count = 0

  constructor(size: number, capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
    this.capacity = capacity
    this.#ends = new Uint32Array(capacity)
    this.#times = new Float64Array(capacity)
  }

  /** Empties it. What it takes in from here on is numbered from `base`; `bytesBefore` is the text of all events before that. */
  begin(base: number, bytesBefore: number): void {
    this.#base = base
    this.#bytesBefore = bytesBefore
    this.#count = 0
    this.#targets.clear()
  }

  /** The number of its first event. */
  get base(): number {
    return this.#base
  }

  /** Sequence number after the last event of the segment. */
  get next(): number {
    return this.#base + this.#count
  }

  get bytesBefore(): number {
    return this.#bytesBefore
  }

  /** Where the text of the event begins, with a comma. */
  startOf(seq: number): number {
    return seq === this.#base ? 0 : this.endOf(seq - 1)
  }

  endOf(seq: number): number {
    return this.#ends[seq - this.#base] ?? 0
  }

  /** When it was emitted. */
  timeOf(seq: number): number {
    return this.#times[seq - this.#base] ?? 0
  }

  streamOf(seq: number): string {
    return this.#streams[seq - this.#base] ?? ''
  }

  /** The one instance that the event is for; undefined: all. */
  targetOf(seq: number): string | undefined {
    return this.#targets.size === 0 ? undefined : this.#targets.get(seq)
  }

  /** Takes in an event, `name` being `stream,event,` and `args` its arguments, as JSON. Says if there is no room for it, or it is larger than `maxBytes`. */
  append(name: string, args: string, { at, stream, to }: EntryFacts, maxBytes: number): 'taken' | 'full' | 'too-large' {
    if (this.#count === this.capacity) return 'full'
    const opening = `,${this.#count},`
    const start = this.startOf(this.next)
    const room = this.bytes.length - start - opening.length
    if ((name.length + args.length) * mostBytesPerCharacter > room && Buffer.byteLength(name) + Buffer.byteLength(args) > room) return 'full'
    let end = start + this.bytes.write(opening + name, start)
    end += this.bytes.write(args, end)
    if (end - start - opening.length > maxBytes) return 'too-large'
    this.#ends[this.#count] = end
    this.#times[this.#count] = at
    this.#streams[this.#count] = stream
    if (to !== undefined) this.#targets.set(this.next, to)
    this.#count += 1
    return 'taken'
  }
}
