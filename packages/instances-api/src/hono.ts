import { Api } from './api.js'
import type { InstancesApiOptions } from './options.js'

/** Part of Hono's context that the mount uses: the Fetch request, and under Node.js the socket beneath. */
export interface Context {
  readonly req: { readonly raw: Request }
  readonly env: unknown
}

/** `app.use(instancesApi({ cluster }))`, for Hono 4. Other paths go on to the next. */
export function instancesApi(options: InstancesApiOptions): (context: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  const api = new Api(options)
  return async (context, next) => {
    const { method, url, headers } = context.req.raw
    if (!api.serves(url)) {
      await next()
      return undefined
    }
    const answer = await api.respond({ method, target: url, headers: Object.fromEntries(headers), remoteAddress: remoteAddress(context.env) })
    const { 'content-length': _length, ...rest } = answer.headers
    return new Response(answer.body === '' ? null : answer.body, { status: answer.status, headers: answer.body === '' ? answer.headers : rest })
  }
}

/** `@hono/node-server` hands Node.js' own request on. */
function remoteAddress(env: unknown): string {
  const incoming = env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined
  return incoming?.incoming?.socket?.remoteAddress ?? ''
}
