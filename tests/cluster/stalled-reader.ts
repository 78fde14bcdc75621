// node --import tsx --conditions=@ddp-cluster/source tests/cluster/stalled-reader.ts [--seconds 60]
// A reader that stands still for a minute costs the others nothing, and the publisher no more memory than its log.
import { parseArgs } from 'node:util'
import { stallOne } from './stalled-reader-run.js'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const { before, during, grownBytes, missing, told } = await stallOne({ beforeMs: 10_000, stallMs: Number(values.seconds) * 1000, leaveOutMs: 0 })
const mib = grownBytes / 1024 / 1024
process.stdout.write(`the others heard ${before.toFixed(0)} events of 1 KB a second before and ${during.toFixed(0)} during the stall (${(during / before).toFixed(2)})\n`)
process.stdout.write(`the publisher grew by ${mib.toFixed(0)} MiB, its log holds up to 64 MiB; the stalled reader missed ${missing} events and was told of ${told}\n`)
process.exitCode = mib <= 64 + 32 && during >= 0.9 * before && missing === told ? 0 : 1
