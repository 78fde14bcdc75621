// npm run bench -- [NAME] [--quick] [--json FILE]: runs tests/bench/NAME.ts, or all of them one after the other, and prints what they found.
// Without a name also [--report FOLDER]: benchmarks.json, benchmarks.md and benchmarks.svg of it. With --from FILE they are made of what another run wrote.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { BenchOptions, BenchReport, BenchTarget, WholeReport } from './report.js'
import { setting } from './setting.js'
import { chart, page } from './whole-report.js'

const names = ['ejson', 'ddp', 'mongo', 'broadcast', 'http'] as const
type Name = (typeof names)[number]

const text = { type: 'string' } as const
const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false }, json: text, report: text, from: text } })
const [asked] = positionals
const name = names.find((one) => one === asked)

if (positionals.length > 1 || (asked !== undefined && !name)) {
  process.stderr.write(`Usage: npm run bench -- [NAME] [--quick] [--json FILE]\n       npm run bench -- [--quick] [--json FILE] [--report FOLDER] [--from FILE]\nNAME is one of: ${names.join(', ')}\n`)
  process.exit(2)
}

// Before minutes are spent on what could not be kept.
if (values.report !== undefined) mkdirSync(values.report, { recursive: true })
if (name) await one(name)
else report(values.from === undefined ? all() : (JSON.parse(readFileSync(values.from, 'utf8')) as WholeReport))

async function one(benchmark: Name): Promise<void> {
  const { run } = (await import(`./${benchmark}.ts`)) as { run: (options: BenchOptions) => Promise<BenchReport> }
  const found = await run({ quick: values.quick })
  console.table(found.rows)
  say(found.targets)
  if (values.json !== undefined) writeFileSync(values.json, written({ ...setting(values.quick), benchmarks: [{ name: benchmark, ...found }] }))
}

/** Each in a process of its own, so that none inherits what another had compiled or kept. */
function all(): WholeReport {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const benchmarks = names.flatMap((benchmark) => {
      const file = join(folder, `${benchmark}.json`)
      process.stdout.write(`\n${benchmark}\n`)
      const { status } = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), benchmark, ...(values.quick ? ['--quick'] : []), '--json', file], { stdio: 'inherit' })
      if (status !== 0) throw new Error(`the benchmark ${benchmark} ended with ${String(status)}`)
      return (JSON.parse(readFileSync(file, 'utf8')) as WholeReport).benchmarks
    })
    return { ...setting(values.quick), benchmarks }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function report(whole: WholeReport): void {
  const targets = whole.benchmarks.flatMap((benchmark) => benchmark.targets)
  process.stdout.write(`\n${targets.filter(({ met }) => met).length} of ${targets.length} targets met\n`)
  say(targets)
  if (values.json !== undefined) writeFileSync(values.json, written(whole))
  if (values.report === undefined) return
  const files = { 'benchmarks.json': written(whole), 'benchmarks.md': page(whole), 'benchmarks.svg': chart(whole) }
  for (const [file, content] of Object.entries(files)) writeFileSync(join(values.report, file), content)
}

function say(targets: readonly BenchTarget[]): void {
  for (const { name: what, target, value, met, why } of targets) process.stdout.write(`${met ? 'met   ' : 'MISSED'}  ${what}: ${value.toFixed(2)} (${target})${met || why === undefined ? '' : `\n        ${why}`}\n`)
}

function written(whole: WholeReport): string {
  return `${JSON.stringify(whole, undefined, 1)}\n`
}
