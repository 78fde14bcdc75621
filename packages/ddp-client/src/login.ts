import { EJSON } from '@ddp-cluster/ddp-common'

/** Answer of a login. */
export interface LoginResult {
  /** Id of the user. */
  readonly id: string
  /** Token for the next login: `login({ resume: token })`. */
  readonly token: string | undefined
  /** Time up to which the token is good, where the server says so. */
  readonly tokenExpires: Date | undefined
}

/** The call that logs a new connection in. */
export interface LoginMethod {
  readonly name: string
  /** Parameters as they were when the login was made, in plain JSON that nobody else holds. */
  readonly params: unknown
}

/** Throws what EJSON cannot write. */
export function loginMethod(name: string, params: readonly unknown[]): LoginMethod {
  return { name, params: JSON.parse(EJSON.stringify(params)) }
}

/** The answer of a login method, if that is what it is. */
export function loginResult(value: unknown): LoginResult | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { id, token, tokenExpires } = value as Record<string, unknown>
  if (typeof id !== 'string') return undefined
  return { id, token: typeof token === 'string' ? token : undefined, tokenExpires: tokenExpires instanceof Date ? tokenExpires : undefined }
}
