// node --import tsx --conditions=@ddp-cluster/source tests/cluster/stalled-reader.ts [--seconds 60]
// A reader that stands still for a minute costs the others nothing, and the publisher no more memory than its log.
import { parseArgs } from 'node:util'
import { stallOne } from './stalled-reader-run.js'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const toMib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`

// As the log is by default; and with larger events and no bound of their number, so that it is filled to its bound of bytes.
for (const { eventBytes, maxLogEntries, mostMib } of [{ eventBytes: 200, maxLogEntries: 100_000, mostMib: 64 + 32 }, { eventBytes: 1000, maxLogEntries: 1_000_000, mostMib: 64 + 32 }]) {
  const { before, during, grownBytes, missing, told } = await stallOne({ eventBytes, maxLogEntries, beforeMs: 10_000, stallMs: Number(values.seconds) * 1000, leaveOutMs: 0 })
  process.stdout.write(`events of ${eventBytes} bytes: the others heard ${before.toFixed(0)} a second before and ${during.toFixed(0)} during the stall (${(during / before).toFixed(2)})\n`)
  process.stdout.write(`  the publisher's memory grew by ${toMib(grownBytes)} (at most ${mostMib}); the stalled reader missed ${missing} events and was told of ${told}\n`)
  if (grownBytes > mostMib * 1024 * 1024 || during < 0.9 * before || missing !== told) process.exitCode = 1
}
