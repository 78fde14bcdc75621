import { type ApiRequest, headerOf } from './http.js'

/** Who asks: the socket's other end, or what the outermost of the proxies that are ours wrote down. Counted from the right, as what stands further left may be the client's own invention. */
export function clientAddress(request: ApiRequest, httpForwardedCount: number): string {
  if (httpForwardedCount === 0) return request.remoteAddress
  const forwarded = (headerOf(request, 'x-forwarded-for') ?? '').split(',').map((address) => address.trim())
  return forwarded.at(-httpForwardedCount) || request.remoteAddress
}
