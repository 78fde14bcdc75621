import type { Looking, View } from './commands/report.js'
import { CliError } from './errors.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import { orStopped, pause } from './stopping.js'
import { line, span } from './text/line.js'
import type { Output } from './text/output.js'
import { wrap } from './text/wrap.js'

export interface Showing {
  readonly watch: boolean
  readonly json: boolean
  readonly out: Output
  readonly err: Output
  readonly redact: <T>(value: T) => T
  readonly stopping: AbortSignal
}

/** With `--watch` it is looked again so often. */
const intervalMs = 2000

/** Looks once, or until it is stopped, and shows what is seen. Rejects with a `CliError` when the first look fails. */
export async function show<R>(opening: Promise<Looking<R>>, view: View<R>, showing: Showing): Promise<ExitCode> {
  const { watch, stopping } = showing
  const looking = await orStopped(opening, stopping, (late) => late.close())
  if (looking === 'stopped') return exitCodes.interrupted
  try {
    const first = await orStopped(looking.look(), stopping)
    if (first === 'stopped') return exitCodes.interrupted
    present(first, view, showing)
    if (!watch) return view.exitCode(first)
    let shown = JSON.stringify(view.gist(first))
    while (await pause(intervalMs, stopping)) {
      const next = await orStopped(looking.look().catch(problem), stopping)
      if (next === 'stopped') break
      const gist = JSON.stringify(next instanceof CliError ? next.code : view.gist(next))
      if (showing.out.isTerminal || showing.json || gist !== shown) {
        if (next instanceof CliError) presentProblem(next, showing)
        else present(next, view, showing)
      }
      shown = gist
    }
    return exitCodes.well
  } finally {
    await looking.close()
  }
}

function present<R>(seen: R, view: View<R>, { watch, json, out, err, redact }: Showing): void {
  const report = redact(seen)
  if (json) return out.json(report, watch ? undefined : 2)
  if (out.isTerminal) {
    const lines = view.lines(report, out.columns)
    return watch ? out.redraw(lines) : out.lines(lines)
  }
  for (const row of view.rows(report)) out.fields(row)
  err.lines(view.remarks(report).map((remark) => line(remark)))
}

/** Presents the problem of one look of many: the next may succeed. */
function presentProblem({ code, message, advice }: CliError, { json, out, err, redact }: Showing): void {
  const said = redact({ code, message, advice })
  if (json) return out.json({ error: said })
  if (out.isTerminal) return out.redraw([line(span(`no answer, trying again every ${intervalMs / 1000} s`, 'bad')), ...wrap(said.message, out.columns), ...wrap(said.advice, out.columns)])
  err.lines([line(said.message), line(said.advice)])
}

function problem(error: unknown): CliError {
  if (error instanceof CliError) return error
  throw error
}
