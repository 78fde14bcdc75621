import { expect, it } from 'vitest'
import { stallOne } from './stalled-reader-run.js'

// The long form, with how fast the others are, is the script stalled-reader.ts.
it('a reader that stands still costs the others nothing, the publisher no more than its log, and gets the rest or an exact gap', async () => {
  const { before, during, grownBytes, missing, told } = await stallOne({ eventBytes: 200, maxLogEntries: 100_000, beforeMs: 1500, stallMs: 4500, leaveOutMs: 2500 })
  expect(grownBytes).toBeLessThan((64 + 32) * 1024 * 1024)
  expect(missing).toBe(told)
  // Not more is said of speed here, where other tests run beside: a publisher that waited for the stalled reader would be far below.
  expect(during).toBeGreaterThan(0.3 * before)
}, 60_000)
