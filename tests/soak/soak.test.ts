import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { judge } from './judge.js'
import { report } from './report.js'
import { CourseFile, type Plan, readCourse } from './samples.js'
import { soak } from './soak.js'

// The long form is `npm run soak -- --hours 2`.
it('fifteen seconds of a steady load lose nothing and leave nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'soak-'))
  try {
    const plan: Plan = { startedAt: new Date().toISOString(), forMs: 15_000, instances: 3, perSecond: 600, node: process.version }
    const file = new CourseFile(join(folder, 'soak.json'), plan)
    const wrong = await soak(plan, (look) => file.add(look))
    const course = readCourse(join(folder, 'soak.json'))
    // As it would be read while it still runs.
    expect(judge(course).violations.join('\n')).toMatch(/broken off/)
    file.add({ wrong })
    const whole = readCourse(join(folder, 'soak.json'))
    const verdict = judge(whole)
    expect(verdict.violations).toEqual([])
    const last = whole.looks.at(-1)
    for (const { heard, calls } of last?.members ?? []) expect(Math.min(heard / 7000, calls)).toBeGreaterThan(1)
    expect(last?.answers).toBeGreaterThan(5)
    const page = report(whole, verdict)
    expect(page).toContain('nothing was violated')
    expect(page).not.toMatch(/NaN|Infinity|undefined/)
  } finally {
    await rm(folder, { recursive: true })
  }
}, 120_000)
