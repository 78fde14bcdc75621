import { exitCodes, type ExitCode } from './exit-codes.js'

/** Every code of a `CliError`, as `--json` shows it, with what it means. Codes are stable; messages are not. */
export type CliErrorCode =
  /** The command line or the environment makes no sense. */
  | 'usage'
  /** MongoDB did not answer in time, or there is none. */
  | 'mongo-unreachable'
  /** MongoDB refused: a wrong password, or a right that is missing. */
  | 'mongo-refused'
  /** The instance did not answer in time, or there is none. */
  | 'instance-unreachable'
  /** The answerer is no instance, or an instance without the requested view. */
  | 'not-an-instance'
  /** The instance does not know this user and token. */
  | 'not-logged-in'
  /** The user may not see the instances. */
  | 'not-allowed'
  /** The instance was asked too often. */
  | 'too-many-requests'
  /** A mistake in this program. */
  | 'failed'

/** Why there is no answer, in words, and what to do about it. Never holds a secret. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  /** Advice to the user. */
  readonly advice: string

  constructor(code: CliErrorCode, message: string, advice: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.advice = advice
  }

  get exitCode(): ExitCode {
    return this.code === 'usage' ? exitCodes.usage : exitCodes.unavailable
  }
}
