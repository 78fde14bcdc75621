/** A session as the logger is told of it: by the first characters of its id. Who knows the whole id may resume the session. */
export function logName(id: string): string {
  return id.slice(0, 6)
}
