import { expect, it } from 'vitest'
import { startAgainAndAgain } from './starts.js'

it('starts a cluster of two processes again and again, and leaves no process, socket or record behind', async () => {
  // Two hundred rounds: run starts.ts as a script.
  expect(await startAgainAndAgain(4)).toHaveLength(4)
}, 30_000)
