import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip as gzipCallback } from 'node:zlib'

const gzip = promisify(gzipCallback)

/** Where the page is, and what belongs to it: the name of each file by its path. */
const names = Object.freeze({
  '/cluster': 'index.html',
  '/cluster/page.js': 'page.js',
  '/cluster/page.css': 'page.css',
  '/cluster/icon.svg': 'icon.svg',
})

/** The paths of the page and of all that it loads. A server may serve them beneath a path of its own: the page looks for everything beside itself. */
export const pagePaths: readonly string[] = Object.freeze(Object.keys(names))

/** A file of the page as it is sent with 200. */
export interface PageFile {
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>
  /** Content. */
  readonly body: Uint8Array
  /** Content for clients that accept `gzip`. */
  readonly gzipped: Uint8Array
  /** Entity tag of both contents, for `If-None-Match`. */
  readonly etag: string
}

/** The files of the page by their paths. */
export type Page = ReadonlyMap<string, PageFile>

const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Its own server is all that the page may talk to; nobody may frame it, and no text may become code. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** With every file: a browser asks each time whether it is still the same, so that the parts of two versions never meet for long. */
const headers = Object.freeze({
  'cache-control': 'no-cache',
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  vary: 'accept-encoding',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
})

/** Makes the page of its files, which `read` finds by their names. */
export async function pageOf(read: (name: string) => Promise<Uint8Array>): Promise<Page> {
  return new Map(await Promise.all(Object.entries(names).map(async ([path, name]): Promise<[string, PageFile]> => [path, await fileOf(name, await read(name))])))
}

async function fileOf(name: string, body: Uint8Array): Promise<PageFile> {
  const etag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  const type = contentTypes[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
  return { headers: { ...headers, 'content-type': type, etag }, body, gzipped: await gzip(body, { level: 9 }), etag }
}
