/** Where the server says what it noticed. pino fits as it is. */
export interface Logger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
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
