/** Calls application code whose end nobody waits for. `onThrown` gets the error, thrown or rejected: an unheard one would end the process. */
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
