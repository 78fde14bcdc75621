import { describe, expect, it } from 'vitest'
import { type Driver, drivers } from './drivers.js'
import { trial, ways } from './trial.js'

const cases = ways.flatMap((way) => (Object.keys(drivers) as Driver[]).map((driver) => ({ way, driver })))

// The long form is `npm run pool -- --minutes 5`.
describe('the connection pool of the application', () => {
  it.each(cases)('has at most four connections in use by the library with $driver while MongoDB: $way', async ({ way, driver }) => {
    const report = await trial({ driver, way, forMs: 4000, requests: 500 })
    process.stdout.write(`${JSON.stringify(report)}\n`)
    expect(report.mostOfOurs).toBeGreaterThan(0)
    expect(report.mostOfOurs).toBeLessThanOrEqual(4)
    expect(report.leftBehind).toBe(0)
    expect(report.findOneFailures).toBe(0)
    expect(Object.values(report.statuses).reduce((sum, count) => sum + count, 0)).toBe(500)
    expect(Object.keys(report.statuses).every((status) => status === '401' || status === '503')).toBe(true)
  }, 120_000)
})
