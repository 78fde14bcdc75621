import { callSafely } from './call-safely.js'

/** Logger of a library; pino fits as it is: `(fields, message)`. Errors of the logger, such as a full disk, are ignored, thrown or rejected. */
export interface Logger {
  /** Logs a detail for developers. */
  debug(fields: object, message: string): void
  /** Logs a notice. */
  info(fields: object, message: string): void
  /** Logs a warning. */
  warn(fields: object, message: string): void
  /** Logs an error. */
  error(fields: object, message: string): void
}

const ignore = (): void => undefined

/** The default: says nothing. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

const levels = ['debug', 'info', 'warn', 'error'] as const

/** For the `logger` that somebody gave as an option: one that never throws, and whose promises never reject unheard. Throws a `TypeError` for what is none. */
export function harmless(logger: Logger | undefined): Logger {
  if (logger === undefined) return silentLogger
  if (!levels.every((level) => typeof logger[level] === 'function')) throw new TypeError(`logger must have the methods ${levels.join(', ')}`)
  const guarded = (level: (typeof levels)[number]) => (fields: object, message: string): void => callSafely(() => logger[level](fields, message), ignore)
  return { debug: guarded('debug'), info: guarded('info'), warn: guarded('warn'), error: guarded('error') }
}
