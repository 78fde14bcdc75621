/** Calls a handler whose end nobody waits for, so that what it throws, at once or by its promise, is told instead of ending the process. */
export function callSafely(handler: () => unknown, onThrown: (thrown: unknown) => void): void {
  try {
    const returned = handler()
    if (isPromiseLike(returned)) Promise.resolve(returned).catch(onThrown)
  } catch (thrown) {
    onThrown(thrown)
  }
}

export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
