/** Logger of the server; pino fits as it is. */
export interface Logger {
  /** Logs a notice. */
  info(fields: object, message: string): void
  /** Logs a warning. */
  warn(fields: object, message: string): void
  /** Logs an error. */
  error(fields: object, message: string): void
}

const ignore = (): void => undefined

export const silentLogger: Logger = { info: ignore, warn: ignore, error: ignore }

/** A logger whose errors, thrown or rejected, end nothing: an unheard one would end the process. */
export function guardLogger(logger: Logger): Logger {
  const guarded = (level: keyof Logger) => (fields: object, message: string): void => {
    try {
      Promise.resolve(logger[level](fields, message) as unknown).catch(ignore)
    } catch {
      // A full disk, most often.
    }
  }
  return { info: guarded('info'), warn: guarded('warn'), error: guarded('error') }
}
