// npm run chaos -- [--seed 1] [--seeds 1] [--minutes 3] [--instances 8] [--break NAME] [--json FILE]
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Breakage, breakages } from './broken.js'
import { chaos, type ChaosReport } from './chaos.js'
import { inOwnNetwork } from './own-network.js'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { seed: { ...text, default: '1' }, seeds: { ...text, default: '1' }, minutes: { ...text, default: '3' }, instances: { ...text, default: '8' }, break: text, json: text } })
const [seed, seeds, minutes, instances] = [values.seed, values.seeds, values.minutes, values.instances].map(Number) as [number, number, number, number]
const breakage = breakages.find((name) => name === values.break)
if (![seed, seeds, minutes, instances].every((number) => number > 0) || (values.break !== undefined && !breakage)) {
  process.stderr.write(`Usage: npm run chaos -- [--seed 1] [--seeds 1] [--minutes 3] [--instances 8] [--break NAME] [--json FILE]\nNAME is one of: ${breakages.join(', ')}\n`)
  process.exit(2)
}

const code = await inOwnNetwork((line) => void process.stderr.write(`${line}\n`))
if (code !== undefined) process.exit(code)

const reports: ChaosReport[] = []
for (let number = seed; number < seed + seeds; number += 1) {
  const report = await chaos({ seed: number, forMs: minutes * 60_000, instances, ...(breakage && { breakage: breakage satisfies Breakage }), say: (line) => void process.stderr.write(`  ${line}\n`) })
  reports.push(report)
  const { violations, done, heard, calls, leaseTokens, answers, agreedAfterMs } = report
  const harm = Object.entries(done).map(([name, times]) => `${times} ${name}`).join(', ')
  process.stdout.write(`seed ${number}: ${violations.length} violations; ${harm}; ${heard} events heard, ${calls} calls, ${leaseTokens} lease tokens, ${answers} answers; all agreed ${agreedAfterMs.toFixed()} ms after the last fault\n`)
  for (const violation of violations.slice(0, 20)) process.stdout.write(`  VIOLATION: ${violation}\n`)
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 2)}\n`)
process.exitCode = reports.some(({ violations }) => violations.length > 0) ? 1 : 0
