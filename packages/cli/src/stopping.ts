/** Resolves when the signal is aborted, with nothing. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

/** Whether the time passed: false when it is stopped. */
export function pause(ms: number, stopping: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      stopping.removeEventListener('abort', end)
      resolve(!stopping.aborted)
    }
    const timer = setTimeout(end, ms)
    stopping.addEventListener('abort', end, { once: true })
    if (stopping.aborted) end()
  })
}

/** Result of `work`, unless it is stopped before; `late` gets a result that comes after all. */
export async function orStopped<T>(work: Promise<T>, stopping: AbortSignal, late: (value: T) => unknown = () => undefined): Promise<T | 'stopped'> {
  if (stopping.aborted) {
    void work.then(late, () => undefined)
    return 'stopped'
  }
  let stop: () => void = () => undefined
  const stopped = new Promise<'stopped'>((resolve) => {
    stop = () => resolve('stopped')
    stopping.addEventListener('abort', stop, { once: true })
  })
  try {
    const first = await Promise.race([work, stopped])
    if (first === 'stopped') void work.then(late, () => undefined)
    return first
  } finally {
    stopping.removeEventListener('abort', stop)
  }
}
