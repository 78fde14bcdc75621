import { describe, expect, it } from 'vitest'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { Lane, openLanes, urgency } from './lane.js'
import { type Ending, Operations } from './operations.js'

/** Driver that settles an operation when its signal aborts, as it does from 6.13 on. */
const heeding = ({ signal }: Ending): Promise<never> => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
/** Driver that never settles an operation. */
const deaf = (): Promise<never> => new Promise(() => undefined)

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function opened(lane = new Lane()): { clock: ManualClock; lane: Lane; operations: Operations } {
  const clock = new ManualClock()
  return { clock, lane, operations: new Operations({ clock, lane, urgency: urgency.own }) }
}

describe('Operations', () => {
  it('ends an operation by its signal when the time is over, and then begins the next', async () => {
    const { clock, operations } = opened()
    const first = operations.run(500, 'a heartbeat', heeding)
    const second = operations.run(1000, 'a heartbeat', () => Promise.resolve('renewed'))
    const outcome = expect(first).rejects.toMatchObject({ code: 'registry-unreachable', message: 'MongoDB did not answer a heartbeat within 500 ms' })
    clock.advance(500)
    await outcome
    expect(await second).toBe('renewed')
    expect(clock.pending).toBe(0)
  })

  it('sends nothing more while the driver does not settle an operation', async () => {
    const { clock, operations } = opened()
    let sent = 0
    for (let beat = 0; beat < 10; beat += 1) {
      const beating = operations.run(500, 'a heartbeat', () => {
        sent += 1
        return deaf()
      })
      const outcome = expect(beating).rejects.toMatchObject({ code: 'registry-unreachable' })
      clock.advance(500)
      await outcome
    }
    expect(sent).toBe(1)
    expect(clock.pending).toBe(0)
  })

  it('ends what is under way and what waits when it closes', async () => {
    const { clock, operations } = opened()
    const asked = [operations.run(500, 'a read', heeding), operations.run(500, 'a read', heeding)]
    const outcomes = asked.map((one) => expect(one).rejects.toMatchObject({ code: 'closed' }))
    operations.close()
    await Promise.all(outcomes)
    await expect(operations.run(500, 'a read', deaf)).rejects.toMatchObject({ code: 'closed' })
    expect(clock.pending).toBe(0)
  })
})

describe('Lane', () => {
  it('runs one operation at a time, the most urgent first, in order among equals', async () => {
    const lane = new Lane()
    const begun: string[] = []
    let end = (): void => undefined
    lane.take(urgency.lease, () => new Promise<void>((resolve) => (end = resolve)))
    for (const [name, urgent] of [['lease 1', urgency.lease], ['upkeep', urgency.upkeep], ['own', urgency.own], ['lease 2', urgency.lease]] as const) {
      lane.take(urgent, () => Promise.resolve(begun.push(name)))
    }
    const withdraw = lane.take(urgency.own, () => Promise.resolve(begun.push('withdrawn')))
    withdraw()
    expect(begun).toEqual([])
    end()
    await settled()
    expect(begun).toEqual(['own', 'lease 1', 'lease 2', 'upkeep'])
  })

  it.each([[0, true, 2], [100, true, 2], [6, true, 2], [5, true, 1], [4, true, 1], [3, false, 1], [1, false, 1]])('leaves half of a pool of %i to the application', (size, stream, count) => {
    const { own, others, hasRoomForStream } = openLanes(size)
    expect({ hasRoomForStream, count: new Set([own, others]).size }).toEqual({ hasRoomForStream: stream, count })
  })
})
