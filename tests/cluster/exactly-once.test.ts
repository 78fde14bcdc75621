import { expect, it } from 'vitest'
import { run } from './exactly-once-run.js'

// The long form is the script exactly-once.ts.
it('brings every event of every process to every process once and in order, while links are cut, processes stopped and connections delayed', async () => {
  const { wrong, missing, told, cuts, pauses } = await run({ seed: 1, processes: 4, events: 10_000, overMs: 3000, withinMs: 60_000 })
  expect({ wrong, missing, told }).toEqual({ wrong: [], missing: 0, told: 0 })
  expect(cuts).toBeGreaterThan(3)
  expect(pauses).toBeGreaterThan(0)
}, 90_000)

it('tells exactly which numbers a log that is too small has lost', async () => {
  const { wrong, missing, isExact } = await run({ seed: 2, processes: 3, events: 20_000, maxLogEntries: 200, overMs: 2000, withinMs: 60_000 })
  expect({ wrong, isExact }).toEqual({ wrong: [], isExact: true })
  expect(missing).toBeGreaterThan(0)
  expect(missing).toBeLessThan(3 * 2 * 20_000)
}, 90_000)
