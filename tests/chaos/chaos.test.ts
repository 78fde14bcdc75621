import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Breakage, breakages } from './broken.js'
import { chaos } from './chaos.js'
import type { FaultName } from './faults.js'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

// The long form is `npm run chaos -- --seeds 20 --minutes 3`. In a process of its own, which may get a network of its own.
it('twenty seconds of faults violate nothing', async () => {
  const run = spawn(process.execPath, ['--import', 'tsx', '--conditions=@ddp-cluster/source', main, '--seed', '1', '--minutes', '0.33', '--instances', '5'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said, [code]] = await Promise.all([text(run.stdout), once(run, 'exit') as Promise<[number | null]>])
  process.stdout.write(said)
  expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/^seed 1: 0 violations; .* [1-9]\d* events heard, [1-9]\d* calls, [1-9]\d* lease tokens, [1-9]\d* answers/) as string })
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
    const { violations } = await chaos({ seed: 7, forMs: 4000, instances: 3, breakage, only })
    expect(violations.join('\n')).toMatch(symptom)
  }, 120_000)
})
