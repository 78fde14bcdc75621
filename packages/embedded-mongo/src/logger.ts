/** Where the server says what it noticed. pino fits as it is. */
export interface Logger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const ignore = (): void => undefined

export const silentLogger: Logger = { info: ignore, warn: ignore, error: ignore }
