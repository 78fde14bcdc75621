import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { WholeReport } from './report.js'
import { chart, page } from './whole-report.js'

const made: WholeReport = {
  date: '2026-01-02', quick: false, machine: { cpu: 'a CPU', cores: 2, platform: 'linux x64' }, versions: { node: '20.0.0' },
  benchmarks: [
    { name: 'broadcast', rows: [{ subscribers: 1, name: 'ws', 'of ws': '1.00' }, { subscribers: 3, name: 'ws', 'of ws': '1.00', more: 5 }], targets: [{ name: 'a', target: 'at least 2', value: 1, met: false, why: 'because | so' }] },
    { name: 'http', rows: [], targets: [{ name: 'b', target: 'at least 2', value: 3, met: true, why: 'not shown' }] },
  ],
}

describe('the report', () => {
  it('says of each target whether it is met, and why not', () => {
    const text = page(made)
    expect(text).toContain('1 of 2 met')
    expect(text).toContain('| **missed** | a | 1.00 | at least 2 | because \\| so |')
    expect(text).toContain('| met | b | 3.00 | at least 2 |  |')
    expect(text).toContain('| subscribers | name | of ws | more |')
  })
})

describe('docs', () => {
  const kept = (file: string): string => readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8')
  const whole = JSON.parse(kept('benchmarks.json')) as WholeReport

  it('have the page and the chart of the figures beside them', () => {
    expect(page(whole)).toBe(kept('benchmarks.md'))
    expect(chart(whole)).toBe(kept('benchmarks.svg'))
  })

  it('give a reason for each target that is missed, of a run that was not quick', () => {
    expect(whole.quick).toBe(false)
    for (const { met, name, why } of whole.benchmarks.flatMap(({ targets }) => targets)) if (!met) expect(why, name).toMatch(/\w/)
  })

  it('are told in the README as they are', () => {
    const targets = whole.benchmarks.flatMap(({ targets }) => targets)
    expect(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')).toContain(`${targets.filter(({ met }) => met).length} of ${targets.length} targets`)
  })
})
