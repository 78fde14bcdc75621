import { describe, expect, it } from 'vitest'
import { type Breakage, breakages } from './broken.js'
import { chaos } from './chaos.js'
import type { FaultName } from './faults.js'

// The long form is `npm run chaos -- --seeds 20 --minutes 3`.
it('twenty seconds of faults violate nothing', async () => {
  const { violations, done, heard, calls, leaseTokens, answers } = await chaos({ seed: 1, forMs: 20_000, instances: 5 })
  process.stdout.write(`${Object.entries(done).map(([name, times]) => `${times} ${name}`).join(', ')}: ${heard} events heard, ${calls} calls, ${leaseTokens} lease tokens, ${answers} answers\n`)
  expect(violations).toEqual([])
  expect(Object.keys(done).length).toBeGreaterThan(3)
  expect(Math.min(heard, calls, leaseTokens, answers)).toBeGreaterThan(0)
}, 120_000)

describe('the checker notices', () => {
  const symptoms: Record<Breakage, { readonly only: readonly FaultName[]; readonly symptom: RegExp }> = {
    'lost replay': { only: ['cut links'], symptom: /was due/ },
    duplicate: { only: ['cut links'], symptom: /was due/ },
    'swapped order': { only: ['cut links'], symptom: /was due/ },
    'two holders': { only: ['pause'], symptom: /held the lease/ },
    'early left': { only: ['cut links'], symptom: /who was there/ },
  }
  it.each(breakages)('a build that is broken by: %s', async (breakage) => {
    const { only, symptom } = symptoms[breakage]
    const { violations } = await chaos({ seed: 7, forMs: 3000, instances: 3, breakage, only })
    expect(violations.join('\n')).toMatch(symptom)
  }, 120_000)
})
