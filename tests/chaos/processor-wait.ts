import { readFileSync } from 'node:fs'

/**
 * How long the main thread of a process has waited for a processor so far, in milliseconds: it could have run, and the machine ran others
 * (Linux, `schedstat`). What it slept, or was stopped for, is not of it. 0 where nobody tells, or when the process is gone.
 */
export function processorWaitMs(pid: number): number {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
    return Number(waitedNs) / 1e6
  } catch {
    return 0
  }
}
