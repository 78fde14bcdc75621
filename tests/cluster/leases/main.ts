// A lease through a thousand faults: `node --import tsx --conditions=@ddp-cluster/source tests/cluster/leases/main.ts 1000`
import { type Findings, runRounds } from './rounds.js'
import { seeded } from '../../fuzz/seeded.js'

const rounds = Number(process.argv[2] ?? 1000)
const ttlMs = Number(process.argv[3] ?? 500)
const seed = Number(process.argv[4] ?? 1)

const before = performance.now()
const findings = await runRounds({ rounds, ttlMs, contenders: 4, random: seeded(seed), onRound: (round, fault) => process.stderr.write(`${round}/${rounds} ${fault}          \r`) })
const seconds = Math.round((performance.now() - before) / 1000)
process.stdout.write(`${rounds} rounds in ${seconds} s, ttl ${ttlMs} ms, seed ${seed}: ${describeDone(findings)}\n`)
process.stdout.write(`${findings.tokens} tokens, ${findings.wrote} writes taken by the document, ${findings.refused} refused; wrong: ${findings.wrong.length}\n`)
for (const [fault, times] of [...Object.entries(findings.takeovers), ['a jump of the database\'s clock and one of these', findings.afterJumps] as const]) process.stdout.write(`takeover after ${fault}: median ${at(times, 0.5)} ms, 99 % ${at(times, 0.99)} ms, longest ${at(times, 1)} ms\n`)
for (const slow of findings.slow) process.stdout.write(`SLOW: ${slow}\n`)
for (const wrong of findings.wrong) process.stdout.write(`WRONG: ${wrong}\n`)
process.exitCode = findings.wrong.length + findings.slow.length > 0 ? 1 : 0

function describeDone({ done }: Findings): string {
  return Object.entries(done).map(([fault, count]) => `${count} ${fault}`).join(', ')
}

function at(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN)
}
