/** Credentials of the operator: elsewhere the headers `X-User-Id` and `X-Auth-Token`. */
export interface Credentials {
  readonly userId: string
  readonly authToken: string
}

const key = 'ddp-cluster.credentials'

/** Of this tab alone, and gone with it; never in a URL, where a server would log them. */
export function storedCredentials(): Credentials | undefined {
  try {
    const { userId, authToken } = JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<Record<keyof Credentials, unknown>>
    return typeof userId === 'string' && typeof authToken === 'string' ? { userId, authToken } : undefined
  } catch {
    return undefined
  }
}

export function storeCredentials(credentials: Credentials): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(credentials))
  } catch {
    // A browser that stores nothing asks again after a reload.
  }
}

export function forgetCredentials(): void {
  try {
    sessionStorage.removeItem(key)
  } catch {
    // Nothing to forget.
  }
}
