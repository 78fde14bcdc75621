import type { ExitCode } from '../exit-codes.js'
import type { Line } from '../text/line.js'

/** How a command's answer is shown: it is plain data, which `--json` prints as it is. */
export interface View<R> {
  /** For a terminal of so many columns. */
  lines(report: R, columns: number): Line[]
  /** For programs: the first row names the fields. */
  rows(report: R): string[][]
  /** Remarks beside the rows, for standard error. */
  remarks(report: R): string[]
  /** Two reports with the same gist need not both be printed where nothing is drawn over: ages grow, and mean nothing. */
  gist(report: R): unknown
  exitCode(report: R): ExitCode
}

/** Something that can be looked at again and again. */
export interface Looking<R> {
  /** Rejects with a `CliError`. */
  look(): Promise<R>
  close(): Promise<void>
}
