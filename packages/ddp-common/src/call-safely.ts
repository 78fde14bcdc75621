/** Calls application code whose end nobody waits for. `onThrown` gets the error, thrown or rejected: an unheard one would end the process. */
export function callSafely(handler: () => unknown, onThrown: (thrown: unknown) => void): void {
  try {
    const returned = handler()
    if (isPromiseLike(returned)) Promise.resolve(returned).catch(onThrown)
  } catch (thrown) {
    onThrown(thrown)
  }
}

/** Whether `value` can be awaited. A `then` that throws when it is read is none. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
  } catch {
    return false
  }
}

/** The message of what was thrown, or its text. Never throws: application code can throw what has neither. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown)
  } catch {
    return 'something that has no text'
  }
}

/** The answer of application code that has to answer at once. Throws what it throws, and a `TypeError` for a promise, whose rejection is not left unheard. */
export function callNow(ask: () => unknown): unknown {
  const answer = ask()
  if (!isPromiseLike(answer)) return answer
  Promise.resolve(answer).catch(() => undefined)
  throw new TypeError('The function returned a promise; it has to answer at once')
}
