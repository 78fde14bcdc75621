// npm run soak -- --hours H [--rate 2000] [--instances 5] [--json FILE] [--report FILE]
// npm run soak -- --from FILE [--report FILE]: judges what another run writes or wrote, also one that is not over yet.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { judge } from './judge.js'
import { report } from './report.js'
import { type Course, CourseFile, type Look, type Plan, readCourse } from './samples.js'
import { soak } from './soak.js'
import { toLine } from './to-line.js'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { hours: text, rate: { ...text, default: '2000' }, instances: { ...text, default: '5' }, json: text, report: text, from: text } })
const [hours, perSecond, instances] = [values.hours, values.rate, values.instances].map(Number) as [number, number, number]
if (values.from === undefined && !(hours > 0 && perSecond > 0 && instances > 1 && Number.isInteger(instances))) {
  process.stderr.write('Usage: npm run soak -- --hours H [--rate 2000] [--instances 5] [--json FILE] [--report FILE]\n       npm run soak -- --from FILE [--report FILE]\n')
  process.exit(2)
}

const course = values.from === undefined ? await run({ startedAt: new Date().toISOString(), forMs: hours * 3_600_000, instances, perSecond, node: process.version }) : readCourse(values.from)
const verdict = judge(course)
if (values.report !== undefined) writeFileSync(values.report, report(course, verdict))
process.stdout.write(`${verdict.violations.length} violations in ${((course.looks.at(-1)?.atMs ?? 0) / 60_000).toFixed(1)} minutes\n`)
for (const violation of verdict.violations) process.stdout.write(`  VIOLATION: ${violation}\n`)
process.exitCode = verdict.violations.length > 0 ? 1 : 0

/** A signal ends the load early; what there is by then is judged. */
async function run(plan: Plan): Promise<Course> {
  const file = values.json === undefined ? undefined : new CourseFile(values.json, plan)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const looks: Look[] = []
  const wrong = await soak(plan, (look) => {
    looks.push(look)
    file?.add(look)
    process.stderr.write(`${toLine(look)}\n`)
  }, stop.signal)
  file?.add({ wrong })
  return { plan, looks, wrong }
}
