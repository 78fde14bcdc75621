// npm run bench -- NAME [--quick] [--json FILE]: runs tests/bench/NAME.ts and prints what it found.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { BenchOptions, BenchReport } from './report.js'

const folder = dirname(fileURLToPath(import.meta.url))
/** The files beside the benchmarks that are none. */
const others = new Set(['main', 'report', 'measure'])

const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } } })
const names = readdirSync(folder).filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3)).filter((name) => !others.has(name))
const [name = ''] = positionals

if (!names.includes(name)) {
  process.stderr.write(`Usage: npm run bench -- NAME [--quick] [--json FILE]\nNAME is one of: ${names.join(', ')}\n`)
  process.exit(2)
}

const { run } = await import(`./${name}.ts`) as { run: (options: BenchOptions) => Promise<BenchReport> }
const { rows, targets } = await run({ quick: values.quick })

console.table(rows)
for (const { name: what, target, value, met } of targets) console.log(`${met ? 'met   ' : 'MISSED'}  ${what}: ${value.toFixed(2)} (${target})`)

if (values.json !== undefined) {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), platform: `${process.platform} ${process.arch}` }
  writeFileSync(values.json, `${JSON.stringify({ machine, versions: versions(), rows, targets }, null, 2)}\n`)
}

/** Of Node, and of what the benchmarks compare with. */
function versions(): Record<string, string> {
  const require = createRequire(import.meta.url)
  const found: Record<string, string> = { node: process.versions.node }
  for (const dependency of ['ws', 'mongodb', 'ejson', 'simpleddp', '@nats-io/transport-node', 'redis', 'moleculer', 'socket.io', 'autocannon', 'prom-client']) {
    const manifest = require.resolve.paths(dependency)?.map((path) => join(path, dependency, 'package.json')).find((path) => existsSync(path))
    if (manifest !== undefined) found[dependency] = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
  }
  return found
}
