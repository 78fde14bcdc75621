// `node scripts/run.mjs tests/security/strangers-memory.ts [count]`: what an instance holds for each stranger that came so far and no further.
import { loadavg } from 'node:os'
import { allKinds, Strangers } from './strangers.js'

const count = Number(process.argv[2] ?? 2000)
process.stdout.write(`${count} of each; load ${loadavg()[0]?.toFixed(1)}; Node.js ${process.version}\n`)
for (const kind of allKinds) {
  // One process for each, so that what was allocated before says nothing.
  const strangers = await Strangers.before()
  await strangers.come(kind, 50)
  await strangers.go()
  const before = await strangers.held()
  await strangers.come(kind, count)
  const { bytes, residentBytes } = await strangers.held()
  process.stdout.write(`${kind}: ${Math.round((bytes - before.bytes) / count)} bytes each of heap and buffers, ${Math.round((residentBytes - before.residentBytes) / count)} resident\n`)
  await strangers.close()
}
