import { callSafely } from './call-safely.js'

/** Where a library says what it noticed. pino fits as it is: `(fields, message)`. Errors of the logger, such as a full disk, are ignored: thrown ones and rejected promises alike. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
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
