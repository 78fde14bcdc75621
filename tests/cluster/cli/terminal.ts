import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { main } from '../../../packages/cli/src/main.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const bin = fileURLToPath(new URL('../../../packages/cli/src/bin.ts', import.meta.url))
const command = [process.execPath, '--import', 'tsx', '--conditions=@ddp-cluster/source', bin]

/** A command line that was started. */
export interface Running {
  readonly child: ChildProcess
  stdout: string
  stderr: string
  /** The exit code, or the name of the signal. */
  readonly exited: Promise<number | string>
}

export interface Finished {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

export type Env = Readonly<Record<string, string | undefined>>

/** What the tests' own environment says of MongoDB and of colours is not for it. */
const envFor = (env: Env): NodeJS.ProcessEnv => {
  const { MONGO_URL: _, MULTIPLE_INSTANCES_COLLECTION_NAME: __, NO_COLOR: ___, FORCE_COLOR: ____, ...rest } = process.env
  return { ...rest, TERM: 'xterm-256color', ...env }
}

/** Has it done in this process, with what it writes caught, as if it were piped; `onOutput` hears it at once. */
export async function ask(args: readonly string[], env: Env = {}, stopping: AbortSignal = new AbortController().signal, onOutput: (text: string) => unknown = () => undefined): Promise<Finished> {
  const written = { stdout: '', stderr: '' }
  const sink = (into: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[into] += text
      onOutput(text)
    },
  })
  const code = await main({ args, env, stdout: sink('stdout'), stderr: sink('stderr'), stopping })
  return { code, ...written }
}

/** The same, as if it were written to a terminal of so many columns: what comes on standard output and standard error is one. */
export async function askInTerminal(columns: number, args: readonly string[], env: Env = {}, stopping: AbortSignal = new AbortController().signal, onOutput: (text: string) => unknown = () => undefined): Promise<Finished> {
  let stdout = ''
  const screen = {
    isTTY: true,
    columns,
    rows: 60,
    write(text: string) {
      stdout += text
      onOutput(text)
    },
  }
  const code = await main({ args, env: { TERM: 'xterm-256color', ...env }, stdout: screen, stderr: screen, stopping })
  return { code, stdout, stderr: '' }
}

/** Starts it with pipes, as in a script. */
export function start(args: readonly string[], env: Env = {}): Running {
  const [program = '', ...before] = command
  return follow(spawn(program, [...before, ...args], { cwd: root, env: envFor(env), stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** Why there is no terminal on this machine, or undefined. */
export const noTerminal: string | undefined = (() => {
  try {
    execFileSync('script', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'there is no script(1) here (util-linux)'
  }
})()

/** Starts it in a terminal of its own, of so many columns: standard output and standard error are one. What is written to its standard input is typed. */
export function startInTerminal(columns: number, args: readonly string[], env: Env = {}): Running {
  const quoted = [...command, ...args].map((word) => `'${word.replaceAll('\'', '\'\\\'\'')}'`).join(' ')
  return follow(spawn('script', ['-qec', `stty cols ${columns} rows 60; exec ${quoted}`, '/dev/null'], { cwd: root, env: { ...envFor(env), SHELL: '/bin/sh' }, stdio: ['pipe', 'pipe', 'pipe'] }))
}

export async function finished(running: Running): Promise<Finished> {
  const code = await running.exited
  return { code, stdout: running.stdout.replaceAll('\r\n', '\n'), stderr: running.stderr }
}

export const run = (args: readonly string[], env: Env = {}): Promise<Finished> => finished(start(args, env))
export const runInTerminal = (columns: number, args: readonly string[], env: Env = {}): Promise<Finished> => finished(startInTerminal(columns, args, env))

/** The lines as they stand on the screen. */
export const screenLines = (text: string): string[] => stripVTControlCharacters(text).replace(/\n$/, '').split('\n')

/** Everything that is no printable character, no newline, and no colour. */
export const strayControls = (text: string): string[] => ['1', '2', '22', '31', '32', '33', '39'].reduce((rest, colour) => rest.replaceAll(`\u001b[${colour}m`, ''), text).match(/[^\P{C}\n]/gu) ?? []

function follow(child: ChildProcess): Running {
  const exited = new Promise<number | string>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')))
  const running: Running = { child, stdout: '', stderr: '', exited }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (running.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (running.stderr += text))
  return running
}
