// Keeps the hot paths from becoming slow unnoticed: ratios within one run, held against half of what is usual; once more when the machine was not itself.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { expect, it } from 'vitest'
import { buildProcess } from './broadcast/build.js'
import { Group } from './broadcast/group.js'
import type { ContestantName } from './broadcast/process.js'
import { ratio } from './measure.js'
import type { WholeReport } from './report.js'

const again = { retry: 2, timeout: 60_000 }

/** What a quick run of a benchmark measured, by the names of its targets. */
async function measured(benchmark: string): Promise<ReadonlyMap<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'guard-'))
  try {
    const file = join(folder, 'report.json')
    await promisify(execFile)(process.execPath, ['--import', 'tsx', '--conditions=@ddp-cluster/source', fileURLToPath(new URL('main.ts', import.meta.url)), benchmark, '--quick', '--json', file])
    const { benchmarks } = JSON.parse(await readFile(file, 'utf8')) as WholeReport
    return new Map(benchmarks.flatMap(({ targets }) => targets.map(({ name, value }) => [name, value] as const)))
  } finally {
    await rm(folder, { recursive: true })
  }
}

it('EJSON takes at most 2.2 times as long as JSON where there is nothing to wrap', again, async () => {
  const values = await measured('ejson')
  for (const what of ['stringify', 'parse']) expect(values.get(`${what} of plain messages, time in times of JSON's`), what).toBeLessThan(2.2)
})

it('method calls come through our client and server at half the rate of a bare echo', again, async () => {
  const values = await measured('ddp')
  expect(values.get('calls through our client and server, 64 in flight, to a bare ws echo')).toBeGreaterThan(0.5)
})

it('events reach another process at 0.3 of the rate of lines over TCP', again, async () => {
  const mongo = await startEmbeddedMongo()
  const file = await buildProcess()
  const groups: Group[] = []
  const open = async (name: ContestantName): Promise<Group> => {
    const group = await Group.open(file, name, 1, { mongoUri: mongo.uri, natsPort: 0, redisPort: 0 })
    groups.push(group)
    return group
  }
  try {
    const [ours, lines] = [await open('ddp-cluster'), await open('lines over TCP')]
    await ours.run(1000)
    await lines.run(1000)
    const rates: { readonly ours: number; readonly lines: number }[] = []
    for (let round = 0; round < 5; round += 1) rates.push({ ours: (await ours.run(300)).perSecond, lines: (await lines.run(300)).perSecond })
    expect(ratio(rates.map((one) => one.ours), rates.map((one) => one.lines))).toBeGreaterThan(0.3)
  } finally {
    for (const group of groups) group.close()
    await mongo.close()
  }
})
