import { type Command, type Environment, readArguments, wantsJson } from './arguments.js'
import { doctor, doctorView } from './commands/doctor.js'
import { instanceMatrix, instanceStatus } from './commands/look-at-instance.js'
import { matrixView } from './commands/matrix.js'
import type { Looking, View } from './commands/report.js'
import { registryStatus, statusView } from './commands/status.js'
import { printer } from './commands/watch.js'
import { CliError } from './errors.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import { secretsOf } from './places.js'
import { show } from './show.js'
import { Output, type Sink } from './text/output.js'
import { redactor } from './text/redact.js'
import { wrap } from './text/wrap.js'
import { usage } from './usage.js'
import { watchInstance } from './watching/watch-instance.js'
import { watchRegistry } from './watching/watch-registry.js'
import { version } from './version.js'

/** Surroundings of a run: those of the process, or of a test. */
export interface Surroundings {
  readonly args: readonly string[]
  readonly env: Environment
  readonly stdout: Sink
  readonly stderr: Sink
  /** Aborted when it is to end: by a signal, or because nobody reads any more. */
  readonly stopping: AbortSignal
}

/** Does what the command line asks for, and says how the process ends. Never rejects. */
export async function main({ args, env, stdout, stderr, stopping }: Surroundings): Promise<ExitCode> {
  const out = new Output(stdout, env)
  const err = new Output(stderr, env)
  let redact = redactor([env['DDP_CLUSTER_TOKEN'] ?? ''])
  try {
    const command = readArguments(args, env)
    redact = redactor(secretsIn(command))
    return await run(command)
  } catch (error) {
    return fail(error)
  }

  async function run(command: Command): Promise<ExitCode> {
    switch (command.kind) {
      case 'help':
        stdout.write(usage)
        return exitCodes.well
      case 'version':
        stdout.write(`${version()}\n`)
        return exitCodes.well
      case 'status':
        return look(command.at.kind === 'instance' ? instanceStatus(command.at) : registryStatus(command.at), statusView, command)
      case 'matrix':
        return look(instanceMatrix(command.at), matrixView, command)
      case 'doctor':
        return look(doctor(command.mongo, command.instance), doctorView, { watch: false, json: command.json })
      case 'watch': {
        const watch = command.at.kind === 'instance' ? watchInstance(command.at) : watchRegistry(command.at)
        await watch(printer({ out, err, json: command.json, redact }), stopping)
        return exitCodes.well
      }
    }
  }

  function look<R>(looking: Looking<R> | Promise<Looking<R>>, view: View<R>, { watch, json }: { watch: boolean; json: boolean }): Promise<ExitCode> {
    return show(Promise.resolve(looking), view, { watch, json, out, err, redact, stopping })
  }

  function fail(error: unknown): ExitCode {
    const known = error instanceof CliError ? error : new CliError('failed', error instanceof Error ? error.message : String(error), 'this is a mistake in ddp-cluster itself')
    const { code, message, advice } = redact({ code: known.code, message: known.message, advice: known.advice })
    if (wantsJson(args)) out.json({ error: { code, message, advice } })
    else err.lines([...wrap(`ddp-cluster: ${message}`, err.columns, { style: 'bad' }), ...(advice === '' ? [] : wrap(advice, err.columns))])
    return known.exitCode
  }
}

function secretsIn(command: Command): string[] {
  if ('at' in command) return secretsOf(command.at)
  return command.kind === 'doctor' ? [...secretsOf(command.mongo), ...secretsOf(command.instance)] : []
}
