import { expect, it } from 'vitest'
import { crowd } from './crowd.js'

it('forty instances that join at once are all linked to all, also after a fifth was killed and replaced', async () => {
  const report = await crowd(40, 5, 2000, (line) => process.stdout.write(`${line}\n`))
  expect(report.links).toBe(1560)
  expect(report.killed).toBeGreaterThanOrEqual(8)
}, 120_000)
