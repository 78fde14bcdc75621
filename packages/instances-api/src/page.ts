import { loadPage, type Page, pagePaths } from '@ddp-cluster/instances-page'
import { type ApiAnswer, type ApiRequest, headerOf, pathOf } from './http.js'

/** The page at `/cluster`: its files, read when the first of them is asked for. Whoever has none of the operator's rights sees a form, and nothing of the cluster. */
export class PageFiles {
  #page: Promise<Page> | undefined

  /** Whether it is a file of the page that is asked for, and not what may be done with it. */
  answers({ method, target }: ApiRequest): boolean {
    return (method === 'GET' || method === 'HEAD') && pagePaths.includes(pathOf(target))
  }

  /** For what `answers()`. Rejects when the files cannot be read, and tries again the next time. */
  async answer(request: ApiRequest): Promise<ApiAnswer> {
    const file = (await this.#load()).get(pathOf(request.target))
    if (!file) throw new Error(`the page has no ${pathOf(request.target)}`)
    const { headers, etag } = file
    if (isKnown(headerOf(request, 'if-none-match'), etag)) return { status: 304, headers, body: '' }
    const zipped = takesGzip(headerOf(request, 'accept-encoding'))
    const body = zipped ? file.gzipped : file.body
    const length = { 'content-length': String(body.length), ...(zipped && { 'content-encoding': 'gzip' }) }
    return { status: 200, headers: { ...headers, ...length }, body: request.method === 'HEAD' ? '' : body }
  }

  #load(): Promise<Page> {
    this.#page ??= loadPage().catch((error: unknown) => {
      this.#page = undefined
      throw error
    })
    return this.#page
  }
}

export { pagePaths }

/** RFC 9110, 13.1.2: any of those listed, by weak comparison. */
function isKnown(listed: string | undefined, etag: string): boolean {
  if (listed === undefined) return false
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '')
  return listed.trim() === '*' || listed.split(',').some((tag) => opaque(tag) === opaque(etag))
}

/** RFC 9110, 12.5.3: listed, and not with a weight of nought. */
function takesGzip(accepted: string | undefined): boolean {
  return (accepted ?? '').split(',').some((coding) => /^\s*gzip\s*(;\s*q\s*=\s*(1|0\.0*[1-9])|$)/i.test(coding))
}
