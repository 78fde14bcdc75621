export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** A promise to settle by hand. Nobody has to look at it: a rejection that goes unheard is no crash. */
export function deferred<T = unknown>(): Deferred<T> {
  let resolve: (value: T) => void = ignore
  let reject: (error: Error) => void = ignore
  const promise = new Promise<T>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise
    reject = rejectPromise
  })
  promise.catch(ignore)
  return { promise, resolve, reject }
}

const ignore = (): void => undefined
