import { createHash, timingSafeEqual } from 'node:crypto'
import { type ApiRequest, headerOf } from './http.js'

/** Whether the request shows this token as `Authorization: Bearer <token>` (RFC 6750). How long the look takes tells nothing of it. */
export function showsToken(request: ApiRequest, token: string): boolean {
  const [, shown] = /^bearer +(\S+)$/i.exec(headerOf(request, 'authorization') ?? '') ?? []
  return shown !== undefined && timingSafeEqual(digest(shown), digest(token))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
