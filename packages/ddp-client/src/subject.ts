/** The call or the subscription that a message is about. */
export interface Subject {
  readonly kind: 'call' | 'subscription'
  readonly id: string
}

/** Subject of a message whose `msg` and `id` alone may make sense; `undefined` if it is no single call or subscription. */
export function subjectOf(message: unknown): Subject | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const { msg, id } = message as { msg?: unknown; id?: unknown }
  if (typeof id !== 'string') return undefined
  if (msg === 'method' || msg === 'result') return { kind: 'call', id }
  if (msg === 'sub' || msg === 'nosub') return { kind: 'subscription', id }
  return undefined
}
