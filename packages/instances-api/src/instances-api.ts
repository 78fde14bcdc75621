import type { IncomingMessage, ServerResponse } from 'node:http'
import { Api } from './api.js'
import type { InstancesApiOptions } from './options.js'

/** For `http.createServer()`, or to be called for the paths that are ours. Never rejects. */
export type InstancesApiHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Serves the state of a cluster as `GET /api/v1/instances.get`, with `/health` and `/ready` for probes. Throws an `InstancesApiError` for options that cannot work. */
export function instancesApi(options: InstancesApiOptions): InstancesApiHandler {
  const api = new Api(options)
  return (request, response) => respond(api, request, response)
}

/** Answers over Node.js' own objects; does nothing where somebody else has answered, or nobody waits any more. */
export async function respond(api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url: target = '', headers, socket } = request
  const { status, headers: answered, body } = await api.respond({ method, target, headers, remoteAddress: socket.remoteAddress ?? '' })
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, answered)
  response.end(body)
}
