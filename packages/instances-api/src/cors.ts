import { type ApiRequest, headerOf } from './http.js'

/** A browser need not ask again for so many seconds. */
const preflightSeconds = 600

/** The headers that let a page of an origin that is listed read the answer; none for any other (the Fetch standard, CORS protocol). */
export function corsHeaders(request: ApiRequest, origins: ReadonlySet<string>): Record<string, string> {
  if (origins.size === 0) return {}
  const origin = headerOf(request, 'origin')
  if (origin === undefined || !origins.has(origin)) return { vary: 'origin' }
  const exposed = { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset', vary: 'origin' }
  if (request.method !== 'OPTIONS') return exposed
  return {
    ...exposed,
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'X-Auth-Token, X-User-Id',
    'access-control-max-age': String(preflightSeconds),
  }
}
