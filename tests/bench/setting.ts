import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import type { Setting } from './report.js'

/** What the benchmarks compare with, and stand on. */
const dependencies = ['ws', 'mongodb', 'ejson', 'simpleddp', '@nats-io/transport-node', 'redis', 'moleculer', 'socket.io', 'autocannon', 'prom-client']

export function setting(quick: boolean): Setting {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), platform: `${process.platform} ${process.arch}` }
  return { date: new Date().toISOString().slice(0, 10), quick, machine, versions: versions() }
}

function versions(): Record<string, string> {
  const require = createRequire(import.meta.url)
  const found: Record<string, string> = { node: process.versions.node }
  for (const dependency of dependencies) {
    const manifest = require.resolve.paths(dependency)?.map((path) => join(path, dependency, 'package.json')).find((path) => existsSync(path))
    if (manifest !== undefined) found[dependency] = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
  }
  return found
}
