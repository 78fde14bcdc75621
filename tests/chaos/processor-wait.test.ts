import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { until } from '../cluster/fleet.js'
import { processorWaitMs } from './processor-wait.js'

it.skipIf(!existsSync('/proc/self/schedstat'))('counts what the machine lets a process wait for, not what it sleeps or is stopped for (skipped where there is no /proc/self/schedstat)', async () => {
  const start = (script: string): { pid: number; stop: (signal: 'SIGSTOP' | 'SIGKILL') => void } => {
    const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
    return { pid: child.pid ?? 0, stop: (signal) => void child.kill(signal) }
  }
  const sleeper = start('setInterval(() => undefined, 10_000)')
  const crowd = Array.from({ length: 2 * availableParallelism() + 1 }, () => start('for (;;);'))
  try {
    await until(() => crowd.some(({ pid }) => processorWaitMs(pid) > 200), 15_000)
    const [stopped] = crowd
    if (!stopped) throw new Error('there is nobody')
    stopped.stop('SIGSTOP')
    await until(() => crowd.slice(1).some(({ pid }) => processorWaitMs(pid) > 400), 15_000)
    const then = processorWaitMs(stopped.pid)
    await until(() => crowd.slice(1).some(({ pid }) => processorWaitMs(pid) > 800), 15_000)
    expect(processorWaitMs(stopped.pid)).toBe(then)
    expect(processorWaitMs(sleeper.pid)).toBeLessThan(400)
  } finally {
    for (const { stop } of [sleeper, ...crowd]) stop('SIGKILL')
  }
  expect(processorWaitMs(2 ** 30)).toBe(0)
})
