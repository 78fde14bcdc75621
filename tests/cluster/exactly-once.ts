// node --import tsx --conditions=@ddp-cluster/source tests/cluster/exactly-once.ts [--seeds 10] [--first 1] [--events 100000] [--processes 8] [--log ENTRIES]
// Every number of every process reaches every process once and in order, whatever is cut, stopped and delayed; with a small log, what does not is told exactly.
import { parseArgs } from 'node:util'
import { run } from './exactly-once-run.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' }, first: { type: 'string', default: '1' }, events: { type: 'string', default: '100000' },
    processes: { type: 'string', default: '8' }, log: { type: 'string' },
  },
})
const [seeds, first, events, processes] = [values.seeds, values.first, values.events, values.processes].map(Number) as [number, number, number, number]
let failed = 0
for (let seed = first; seed < first + seeds; seed += 1) {
  const { wrong, missing, told, isExact, cuts, pauses, seconds } = await run({ seed, processes, events, withinMs: 900_000, ...(values.log !== undefined && { maxLogEntries: Number(values.log) }) })
  const isGood = wrong.length === 0 && isExact && (missing === 0) === (values.log === undefined)
  if (!isGood) failed += 1
  const deliveries = processes * processes * events - missing
  process.stdout.write(`seed ${seed}: ${isGood ? 'good' : 'WRONG'}; ${deliveries} deliveries in ${seconds.toFixed(1)} s, ${cuts} cuts, ${pauses} pauses, ${missing} missing, ${told} told as lost\n`)
  for (const what of wrong.slice(0, 5)) process.stdout.write(`  ${what}\n`)
}
process.exitCode = failed > 0 ? 1 : 0
