// npm run soak -- --hours H [--rate 2000] [--instances 5] [--json FILE]
import { parseArgs } from 'node:util'
import { CourseFile, type Look, type Plan } from './samples.js'
import { soak } from './soak.js'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { hours: { ...text, default: '2' }, rate: { ...text, default: '2000' }, instances: { ...text, default: '5' }, json: text } })
const [hours, perSecond, instances] = [values.hours, values.rate, values.instances].map(Number) as [number, number, number]
const plan: Plan = { startedAt: new Date().toISOString(), forMs: hours * 3_600_000, instances, perSecond, node: process.version }
const file = values.json === undefined ? undefined : new CourseFile(values.json, plan)
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
const mb = (bytes: number): string => (bytes / 1048576).toFixed(1)
const wrong = await soak(plan, (look: Look) => {
  file?.add(look)
  const all = [...look.members, ...(look.mongo ? [look.mongo] : [])]
  process.stderr.write(`${(look.atMs / 1000).toFixed().padStart(6)} s  heap ${all.map(({ heapBytes }) => mb(heapBytes)).join(' ')}  rss ${all.map(({ rssBytes }) => mb(rssBytes)).join(' ')}  external ${all.map(({ externalBytes }) => mb(externalBytes)).join(' ')}  fd ${all.map(({ descriptors }) => descriptors).join(' ')}  cpu ${(all.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1000).toFixed(1)} s  ${look.members.reduce((sum, { heard }) => sum + heard, 0)} heard\n`)
}, stop.signal)
file?.add({ wrong })
for (const words of wrong) process.stdout.write(`WRONG: ${words}\n`)
process.exitCode = wrong.length > 0 ? 1 : 0
