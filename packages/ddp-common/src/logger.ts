/** Where a library says what it noticed. pino fits as it is: `(fields, message)`. What it throws, as when its disk is full, is ignored. */
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

/** For the `logger` that somebody gave as an option: one that never throws. Throws a `TypeError` for what is none. */
export function harmless(logger: Logger | undefined): Logger {
  if (logger === undefined) return silentLogger
  if (!levels.every((level) => typeof logger[level] === 'function')) throw new TypeError(`logger must have the methods ${levels.join(', ')}`)
  const guarded = (level: (typeof levels)[number]) => (fields: object, message: string): void => {
    try {
      logger[level](fields, message)
    } catch {
      // Who cannot write down that something is wrong is not helped by a second thing that is.
    }
  }
  return { debug: guarded('debug'), info: guarded('info'), warn: guarded('warn'), error: guarded('error') }
}
