/** What a login method answers. */
export interface LoginResult {
  /** The user's id. */
  readonly id: string
  /** A token to log in with again: `login({ resume: token })`. */
  readonly token: string | undefined
  readonly tokenExpires: Date | undefined
}

/** The call that logs a new connection in. */
export interface LoginMethod {
  readonly name: string
  readonly params: readonly unknown[]
}

/** The answer of a login method, if that is what it is. */
export function loginResult(value: unknown): LoginResult | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { id, token, tokenExpires } = value as Record<string, unknown>
  if (typeof id !== 'string') return undefined
  return { id, token: typeof token === 'string' ? token : undefined, tokenExpires: tokenExpires instanceof Date ? tokenExpires : undefined }
}
