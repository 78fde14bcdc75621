import type { DataMessage } from '@ddp-cluster/ddp-common'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Reader } from './reader.js'
import { decodeFrame, encodeArgs, encodeFrame, encodeName } from './wire.js'

const streams = new Set(['s'])
const number = fc.oneof(fc.nat(50), fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 40, 2 ** 52, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, 2 ** 53, 1e308, -1, 0.5))

/** Every message on `cluster.broadcast`, and the goodbye, with any numbers. */
const lie = fc.oneof(
  fc.record({ id: number.map(String), fields: fc.record({ after: number, last: number, events: number.map((offset) => [offset, 's', 'e', []]) }) }),
  fc.record({ id: number.map(String), fields: fc.record({ after: number, last: number, events: fc.constant([]) }) }),
  fc.record({ id: fc.constant('1'), fields: fc.record({ gap: fc.record({ after: number, next: number, exact: fc.boolean() }) }) }),
  fc.record({ id: fc.constant('1'), fields: fc.record({ from: number }) }),
  fc.record({ goodbye: number.filter((value) => Number.isSafeInteger(value) && value >= 0) }),
)

function tell(reader: Reader, said: typeof lie extends fc.Arbitrary<infer T> ? T : never): void {
  if ('goodbye' in said) {
    reader.leaves('a', said.goodbye)
    reader.ended('a')
    return
  }
  const frame = decodeFrame({ msg: 'changed', collection: 'cluster.broadcast', ...said })
  if (frame?.kind === 'from') reader.confirm('a', frame.from, streams)
  else if (frame && reader.believes('a', frame)) reader.receive('a', frame)
}

describe('Reader', () => {
  it('hears every later event of the real sender and none twice, whatever numbers a liar gave for it', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.array(lie, { maxLength: 8 }), fc.nat(100), (before, lies, meanwhile) => {
        const reader = new Reader(() => true)
        const heard: number[] = []
        // Events of the real sender from `first` to `last`, one a frame.
        const emit = (first: number, last: number): void => {
          for (let seq = first; seq <= last; seq += 1) {
            const run = Buffer.from(`,0,${encodeName('s', 'e')}${encodeArgs([])}`)
            const frame = decodeFrame(JSON.parse(encodeFrame(Buffer.alloc(500), seq, seq - 1, seq, [run]).toString()) as DataMessage)
            if (!frame || frame.kind === 'from' || !reader.believes('a', frame)) throw new Error('an honest frame is refused')
            heard.push(...reader.receive('a', frame).events.map((event) => event.seq))
          }
        }
        reader.confirm('a', 1, streams)
        emit(1, before)
        for (const said of lies) tell(reader, said)
        // The real sender is back: a new link is subscribed, as `Asking` does.
        const head = before + meanwhile
        const after = reader.nextAfter('a') ?? head
        if (after > head) reader.restart('a')
        reader.confirm('a', head + 1, streams)
        reader.resumed('a', head + 1)
        emit(after > head ? head + 1 : after + 1, head + 3)
        expect(heard.slice(-3)).toEqual([head + 1, head + 2, head + 3])
        expect(heard).toEqual([...new Set(heard)])
      }),
      { numRuns: 5000 },
    )
  })

  it('tells at most the events that the real sender emitted as lost when it starts anew', () => {
    const reader = new Reader(() => true)
    reader.confirm('a', 1, streams)
    reader.restart('a')
    expect(reader.nextAfter('a')).toBeUndefined()
    expect(reader.confirm('a', 8, streams)).toEqual([{ after: 0, lost: 7, exact: false }])
    expect(reader.confirm('a', 8, streams)).toEqual([])
  })

  it('starts anew when a sender says that it goes on below the position', () => {
    const reader = new Reader(() => true)
    reader.confirm('a', 100, streams)
    expect(reader.confirm('a', 10, streams)).toEqual([{ after: 0, lost: 9, exact: false }])
    expect(reader.position('a')).toBe(9)
    // Which of the two was the lie, the sender itself says when the link is subscribed again.
    expect(reader.nextAfter('a')).toBe(99)
  })
})
