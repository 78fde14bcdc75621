import { expect, it, vi } from 'vitest'
import type { DataMessage } from '@ddp-cluster/ddp-common'
import { ManualClock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Connection as DialledConnection } from '@ddp-cluster/ddp-client/internal'
import type { Connection } from '@ddp-cluster/ddp-server'
import { seeded } from '../seeded.fixture.js'
import { Asking } from './asking.js'
import { toInterest } from './interest.js'
import { BroadcastLog } from './log.js'
import { Pump } from './pump.js'
import { Reader } from './reader.js'
import { decodeFrame, encodeArgs, encodeName } from './wire.js'

/** One link: frames on their way to the reader, and requests on theirs to the writer. A stalled one takes nothing. */
class Link {
  readonly frames: string[] = []
  readonly requests: (() => void)[] = []
  readonly #closing: (() => void)[] = []
  state: 'open' | 'stalled' | 'cut' = 'open'

  onClose(handler: () => void): void {
    this.#closing.push(handler)
  }

  cut(): void {
    this.state = 'cut'
    for (const handler of this.#closing) handler()
  }
}

vi.mock('@ddp-cluster/ddp-server/internal', () => ({
  bufferedBytes: ({ state }: Link) => (state === 'stalled' ? Number.POSITIVE_INFINITY : 0),
  sendFrame(link: Link, frame: Buffer, written?: () => void) {
    if (link.state === 'cut') return 'closed'
    link.frames.push(frame.toString())
    written?.()
    return 'sent'
  },
}))

/** A writer and a reader, and what each number must have become. */
class World {
  readonly clock = new ManualClock()
  readonly #log: BroadcastLog
  readonly #pump: Pump
  readonly #reader = new Reader(() => true)
  readonly #asking = new Asking(this.#reader, (stream) => this.listened.has(stream), (_, error) => expect.unreachable(String(error)))
  readonly listened = new Set<string>()
  /** By number; the first is 1. */
  readonly #emitted: { readonly stream: string; readonly to: string | undefined }[] = [{ stream: '', to: 'nobody' }]
  /** From which number on the reader is owed the events of a stream that it listens to. */
  readonly #owed = new Map<string, number>()
  readonly #fates = new Map<number, 'delivered' | 'lost exactly' | 'perhaps lost'>()
  #delivered = 0
  link: Link | undefined

  constructor(bounds: { readonly maxBytes: number; readonly maxEntries: number; readonly maxAgeMs: number }) {
    this.#log = new BroadcastLog(bounds)
    this.#pump = new Pump(this.#log, new Timers(this.clock), this.clock, { bytes: 1e6, entries: 1e4 })
  }

  connect(): void {
    const link = new Link()
    this.link = link
    const copyOf = (request: unknown): { readonly after?: number; readonly streams: unknown } => JSON.parse(JSON.stringify(request)) as { streams: unknown }
    const ask = ([request]: readonly unknown[], act: (copy: ReturnType<typeof copyOf>) => unknown): Promise<void> => {
      const copy = copyOf(request)
      link.requests.push(() => void act(copy))
      return Promise.resolve()
    }
    const served = link as unknown as Connection
    const dialled = {
      closed: new Promise<void>((resolve) => link.onClose(resolve)),
      subscribe: (_: string, params: readonly unknown[]) => ({ ready: ask(params, ({ after, streams }) => this.#pump.attach('reader', served, toInterest(streams), after)) }),
      call: (_: string, params: readonly unknown[]) => ask(params, ({ streams }) => this.#pump.change('reader', served, toInterest(streams))),
    }
    void this.#asking.subscribe('writer', dialled as unknown as DialledConnection)
  }

  cut(): void {
    this.link?.cut()
    this.link = undefined
  }

  emit(stream: string, to: string | undefined, padding: number): void {
    const seq = this.#log.append(encodeName(stream, 'event'), encodeArgs([this.#emitted.length, 'x'.repeat(padding)]), { at: this.clock.now(), stream, to }, 1e6)
    expect(seq).toBe(this.#emitted.length)
    this.#emitted.push({ stream, to })
  }

  toggle(stream: string): void {
    if (!this.listened.delete(stream)) this.listened.add(stream)
    this.#asking.changed(stream)
  }

  /** What was toggled in one go is asked for. */
  settle(): void {
    for (const stream of this.#owed.keys()) if (!this.listened.has(stream)) this.#owed.delete(stream)
    this.#asking.settle()
  }

  pump(): void {
    this.#pump.run()
  }

  /** The writer takes the next request, if there is one. */
  answer(): void {
    this.link?.requests.shift()?.()
  }

  /** The reader takes the next frame, if there is one. */
  take(): void {
    const text = this.link?.frames.shift()
    if (text === undefined) return
    const frame = decodeFrame(JSON.parse(text) as DataMessage)
    if (!frame) throw new Error(`no frame: ${text}`)
    if (frame.kind === 'from') {
      this.#asking.confirmed('writer', frame.from)
      for (const stream of this.listened) if (!this.#owed.has(stream) && this.#reader.isKnown('writer', stream)) this.#owed.set(stream, frame.from)
      return
    }
    const { events, losses } = this.#reader.receive('writer', frame)
    for (const { after, lost, exact } of losses) {
      for (let seq = after + 1; seq <= after + lost; seq += 1) {
        if (exact) expect(this.#isOwed(seq)).toBe(true)
        this.#becomes(seq, exact ? 'lost exactly' : 'perhaps lost')
      }
    }
    for (const { seq, stream, args } of events) {
      expect(seq).toBeGreaterThan(this.#delivered)
      this.#delivered = seq
      expect([stream, args[0], this.#isOwed(seq)]).toEqual([this.#emitted[seq]?.stream, seq, true])
      this.#becomes(seq, 'delivered')
    }
  }

  /** Nothing is in the way any more: what is owed has been delivered, or was said to be lost. */
  drain(): void {
    if (!this.link) this.connect()
    if (this.link) this.link.state = 'open'
    for (let rounds = 0; rounds < 20; rounds += 1) {
      while (this.link?.requests.length) this.answer()
      this.#pump.announce()
      this.pump()
      while (this.link?.frames.length) this.take()
    }
    expect(this.#reader.position('writer')).toBe(this.#log.head)
    const forgotten = this.#emitted.flatMap((_, seq) => (this.#isOwed(seq) && !this.#fates.has(seq) ? [seq] : []))
    expect(forgotten).toEqual([])
  }

  get fates(): readonly string[] {
    return [...this.#fates.values()]
  }

  #isOwed(seq: number): boolean {
    const { stream, to } = this.#emitted[seq] ?? { stream: '', to: 'nobody' }
    return (to === undefined || to === 'reader') && seq >= (this.#owed.get(stream) ?? Number.POSITIVE_INFINITY)
  }

  #becomes(seq: number, fate: 'delivered' | 'lost exactly' | 'perhaps lost'): void {
    expect([seq, this.#fates.get(seq)]).toEqual([seq, undefined])
    this.#fates.set(seq, fate)
  }
}

it.each([['five streams', ['a', 'b', 'c', 'd', 'e']], ['one stream', ['a']]])('whatever happens to %s: each event that is owed comes once and in order, or is said to be lost, and exactly where that is said', async (_, streams) => {
  const fates = new Map<string, number>()
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = seeded(seed)
    const one = (): string => streams[Math.floor(random() * streams.length)] ?? ''
    const world = new World({ maxBytes: random() < 0.5 ? 2000 : 1e7, maxEntries: random() < 0.3 ? 20 : 1e5, maxAgeMs: random() < 0.2 ? 1000 : 1e9 })
    for (let steps = 0; steps < 200; steps += 1) {
      const what = random()
      if (what < 0.35) {
        const to = [undefined, undefined, undefined, undefined, 'reader', 'other'][Math.floor(random() * 6)]
        for (let count = random() * (random() < 0.1 ? 100 : 8); count > 0; count -= 1) world.emit(one(), streams.length > 1 ? to : undefined, random() < 0.01 ? 70_000 : random() * 50)
      } else if (what < 0.55) world.pump()
      else if (what < 0.75) world.take()
      else if (what < 0.85) world.answer()
      else if (what < 0.9) {
        for (let count = random() * 3; count > 0; count -= 1) world.toggle(one())
        world.settle()
      } else if (what < 0.95 && world.link) world.link.state = world.link.state === 'stalled' ? 'open' : 'stalled'
      else if (what < 0.97) world.cut()
      else if (what < 0.98) world.clock.advance(500)
      else if (!world.link) world.connect()
      // That a link has ended is known a moment later.
      await Promise.resolve()
    }
    world.drain()
    for (const fate of world.fates) fates.set(fate, (fates.get(fate) ?? 0) + 1)
  }
  process.stdout.write(`${JSON.stringify(Object.fromEntries(fates))}\n`)
  for (const fate of ['delivered', streams.length > 1 ? 'perhaps lost' : 'lost exactly']) expect(fates.get(fate)).toBeGreaterThan(100)
})
