/** Runs `run` once what the sockets have for us has been handed out. Immediates come right after that in Node; browsers have none. */
export function afterSocketsArePolled(run: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(run)
  else setTimeout(run, 0)
}
