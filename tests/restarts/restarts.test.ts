import { expect, it } from 'vitest'
import { restarts } from './restarts.js'

it('a server of one instance restarts under clients of three makes, and nobody loses a subscription, a login or an answer', async () => {
  const { violations, requests } = await restarts(4, () => undefined)
  expect(violations).toEqual([])
  expect(requests.answered).toBeGreaterThan(0)
}, 120_000)
