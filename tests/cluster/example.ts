import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** `npm start` as a newcomer types it, and what it printed. */
export interface Started {
  readonly child: ChildProcess
  stdout: string
  stderr: string
  /** The exit code, or the name of the signal. */
  readonly exited: Promise<number | string>
}

/** A process group of its own, so that a test can send it what Ctrl-C sends: the signal to everyone in it. */
export function npmStart(...args: string[]): Started {
  const child = spawn('npm', ['start', '--silent', '--', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const started: Started = {
    child,
    stdout: '',
    stderr: '',
    exited: new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code ?? -1))),
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (started.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (started.stderr += text))
  return started
}

export interface PrintedInstance {
  readonly id: string
  readonly pid: number
  readonly address: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly answer: { instances: { current: { instanceRecord: unknown[] }; connections: unknown[] }; success: boolean }
}

/** Whether a process with this id runs. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
