import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { isRunning, npmStart, type PrintedInstance, type Started } from './example.js'
import { until } from './fleet.js'
import { shapeOf } from './shape.js'

interface Documented {
  instances: { current: { instanceRecord: unknown[] }; connections: unknown[] }
}

const fixture = (name: string): Documented => JSON.parse(readFileSync(new URL(`fixtures/instances.get.${name}.json`, import.meta.url), 'utf8')) as Documented

/** The documented answer, drawn out to so many connections. */
function documented(connections: number): Documented {
  const { instances, ...rest } = fixture(connections === 0 ? 'one-instance' : 'two-instances')
  return { instances: { ...instances, connections: Array.from({ length: connections }, () => instances.connections[0]) }, ...rest }
}

const running: Started[] = []
function start(...args: string[]): Started {
  const started = npmStart(...args)
  running.push(started)
  return started
}

afterEach(async () => {
  for (const { child, exited } of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null && child.pid) process.kill(-child.pid, 'SIGTERM')
    await exited
  }
})

describe('npm start', () => {
  it.each([1, 3, 8])('--once --json prints the documented answer of each of %i instances, and nothing else', async (count) => {
    const started = start('--once', '--json', '--instances', String(count))
    expect(await started.exited, started.stderr).toBe(0)
    const printed = JSON.parse(started.stdout) as PrintedInstance[]
    expect(printed).toHaveLength(count)
    for (const element of printed) {
      expect(Object.keys(element)).toEqual(['id', 'pid', 'address', 'url', 'headers', 'answer'])
      expect(shapeOf(element.answer)).toEqual(shapeOf(documented(count - 1)))
      expect(element.answer.instances.current.instanceRecord).toMatchObject([{ _id: element.id, pid: element.pid, name: 'rocket.chat' }])
      const others = printed.filter((other) => other !== element).map(({ id }) => id)
      expect(element.answer.instances.connections).toEqual(
        expect.arrayContaining(others.map((_id): unknown => expect.objectContaining({ instanceRecord: expect.objectContaining({ _id }) as unknown, broadcastAuth: true }))),
      )
      expect(JSON.stringify(element.answer)).not.toContain('undefined')
    }
    expect(printed.filter(({ pid }) => isRunning(pid))).toEqual([])
  })

  it('fails with 2 and the usage when it is called wrongly', async () => {
    const started = start('--instances', 'many')
    expect(await started.exited).toBe(2)
    expect(started.stderr).toContain('--instances must be')
    expect(started.stdout).toBe('')
  })

  it('--once that is stopped before it printed fails', async () => {
    const started = start('--once', '--json')
    await until(() => started.stderr.includes('Starting'), 15_000, () => started)
    process.kill(-(started.child.pid ?? 0), 'SIGINT')
    expect(await started.exited).not.toBe(0)
    expect(started.stdout).toBe('')
  })

  it('ends when npm alone is asked to', async () => {
    const started = start('--instances', '2')
    await until(() => /#2 .*connected/.test(started.stdout), 15_000, () => started)
    const pids = [...started.stdout.matchAll(/^#\d +\S+ +(\d+)/gm)].map((match) => Number(match[1]))
    started.child.kill('SIGTERM')
    await until(() => !pids.some(isRunning), 5000, () => pids.filter(isRunning))
  })

  it('prints a curl command that works when pasted, shows a process that is killed, and leaves cleanly at Ctrl-C', async () => {
    const started = start()
    await until(() => /#3 .*#\d connected · #\d connected/.test(started.stdout), 15_000, () => started)
    const [curl = ''] = /curl .*/.exec(started.stdout) ?? []
    const { stdout } = await promisify(execFile)('sh', ['-c', curl.replace('curl', 'curl -s -w " %{http_code}"')])
    expect(stdout).toMatch(/ 200$/)
    expect(shapeOf(JSON.parse(stdout.replace(/ 200$/, '')))).toEqual(shapeOf(documented(2)))

    const pids = [...started.stdout.matchAll(/^#\d +\S+ +(\d+)/gm)].slice(0, 3).map((match) => Number(match[1]))
    expect(pids.every(isRunning)).toBe(true)
    const [killed = 0] = pids
    const shownBefore = started.stdout.length
    process.kill(killed, 'SIGKILL')
    await until(() => /#1 .*SIGKILL\n#2 .* #3 connected\n#3 .* #2 connected\n/.test(started.stdout.slice(shownBefore)), 5000, () => started.stdout.slice(shownBefore))

    const pressed = performance.now()
    process.kill(-(started.child.pid ?? 0), 'SIGINT')
    await started.exited
    expect(performance.now() - pressed).toBeLessThan(2000)
    expect(pids.filter(isRunning)).toEqual([])
  })

  it('prints where the page is, and who may look at it', async () => {
    const started = start('--instances', '2')
    await until(() => /#2 .*connected/.test(started.stdout), 15_000, () => started)
    const [, page = '', userId, token] = /(http:\/\/localhost:\d+\/cluster)\n +user id +(\w{17})\n +token +([\w-]{43})\n/.exec(started.stdout) ?? []
    const answer = await fetch(page)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(started.stdout).toContain(`-H 'X-Auth-Token: ${token}' -H 'X-User-Id: ${userId}'`)
  })

  it('--chaos kills, pauses and cuts off by itself, says so, and starts others in their place', async () => {
    const started = start('--chaos', '--instances', '3')
    const said = (pattern: RegExp) => until(() => pattern.test(started.stdout), 40_000, () => started.stdout.split('\n').filter((line) => /^Chaos|^Somebody/.test(line)))
    await said(/^Chaos kills #[23] \(\S+, pid \d+\): /m)
    const killed = Number(/^Chaos kills #\d \(\S+, pid (\d+)\)/m.exec(started.stdout)?.[1])
    await said(/^Somebody started #[23] anew: \w{17} at \S+ \(pid \d+\)$/m)
    expect(isRunning(killed)).toBe(false)
    await said(/^Chaos pauses #[23] /m)
    const paused = Number(/^Chaos pauses #\d \(\S+, pid (\d+)\)/m.exec(started.stdout)?.[1])
    await said(/^Chaos lets #[23] \(.*\) go on$/m)
    await said(/^Chaos cuts every link to #[23] /m)
    await said(/^Chaos mends the links to #[23] /m)
    // The table that asks again and again is not refused, and nothing leaks.
    expect(started.stdout).not.toContain('answered 429')
    expect(started.stderr).not.toContain('Warning')
    const pressed = performance.now()
    process.kill(-(started.child.pid ?? 0), 'SIGINT')
    await started.exited
    expect(performance.now() - pressed).toBeLessThan(3000)
    expect(isRunning(paused)).toBe(false)
  }, 90_000)

  it('--chaos needs somebody to harm, and time', async () => {
    for (const args of [['--chaos', '--instances', '1'], ['--chaos', '--once']]) {
      const started = start(...args)
      expect(await started.exited).toBe(2)
      expect(started.stderr).toContain('--chaos')
    }
  })

  it('leaves nothing running when it is killed itself', async () => {
    const started = start('--instances', '2')
    await until(() => /#2 .*connected/.test(started.stdout), 15_000, () => started)
    const pids = [...started.stdout.matchAll(/^#\d +\S+ +(\d+)/gm)].map((match) => Number(match[1]))
    const parent = await promisify(execFile)('ps', ['-o', 'ppid=', '-p', String(pids[0])])
    process.kill(Number(parent.stdout), 'SIGKILL')
    await started.exited
    await until(() => !pids.some(isRunning), 8000, () => pids.filter(isRunning))
  })
})
