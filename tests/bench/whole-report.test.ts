import { describe, expect, it } from 'vitest'
import type { WholeReport } from './report.js'
import { page } from './whole-report.js'

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
