import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fleet, linked, until } from '../fleet.js'
import { ask, finished, noTerminal, run, runInTerminal, start, startInTerminal } from './terminal.js'

const token = 'aTokenThatNobodyMaySee'

let fleet: Fleet
let silent: Server
let asked = 0
beforeEach(async () => {
  fleet = await Fleet.open()
  asked = 0
  silent = createServer(() => (asked += 1)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
})
afterEach(async () => {
  silent.close()
  silent.closeAllConnections()
  await fleet.close()
})

const env = (): Record<string, string> => ({ DDP_CLUSTER_URL: `http://localhost:${(silent.address() as AddressInfo).port}`, DDP_CLUSTER_USER: 'me', DDP_CLUSTER_TOKEN: token })

describe('the process', () => {
  it('who does not answer is not waited for: 3', async () => {
    const { code, stdout } = await run(['status', '--json'], env())
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'instance-unreachable', message: expect.stringContaining('nothing came for 5000 ms') as unknown } })
    expect(code).toBe(3)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('%s before there is an answer: 130, at once and without a word', async (signal) => {
    const running = start(['doctor'], env())
    await until(() => asked > 0, 15_000)
    const from = performance.now()
    running.child.kill(signal)
    expect(await finished(running)).toEqual({ code: 130, stdout: '', stderr: '' })
    expect(performance.now() - from).toBeLessThan(4000)
  })

  it.skipIf(noTerminal !== undefined)(`Ctrl-C in a terminal: 130${noTerminal === undefined ? '' : ` (skipped: ${noTerminal})`}`, async () => {
    const running = startInTerminal(80, ['matrix'], env())
    await until(() => asked > 0, 15_000)
    running.child.stdin?.write('\u0003')
    expect(await finished(running)).toMatchObject({ code: 130, stdout: '^C' })
  })

  it('whose reader has gone says nothing, and ends as it would have', async () => {
    await fleet.join()
    const running = start(['doctor'], { MONGO_URL: fleet.url })
    running.child.stdout?.destroy()
    running.child.stderr?.destroy()
    expect(await running.exited).toBe(0)
  })
})

describe('secrets', () => {
  it('neither the token nor the cluster\'s secret is in anything that is printed', async () => {
    await linked(await Promise.all([fleet.join(), fleet.join()]))
    const settings = fleet.db.collection<{ _id: string; secret: string }>('instances_settings')
    const { secret = '' } = (await settings.findOne()) ?? {}
    expect(secret.length).toBeGreaterThan(30)
    const everywhere = { ...env(), MONGO_URL: fleet.url }
    const commands = [['status', '--mongo', fleet.url], ['status'], ['matrix'], ['doctor'], ['watch'], ['status', '--token'], ['status', '--mongo', `mongodb://u:${token}@127.0.0.1:1/`]]
    const all = await Promise.all(commands.flatMap((args) => [args, [...args, '--json']]).map((args) => ask(args, everywhere)))
    const said = all.flatMap(({ stdout, stderr }) => [stdout, stderr])
    if (noTerminal === undefined) said.push((await runInTerminal(80, ['doctor'], everywhere)).stdout)
    for (const text of said) {
      expect(text).not.toContain(token)
      expect(text).not.toContain(secret)
    }
  }, 40_000)
})
