import type { IncomingMessage, ServerResponse } from 'node:http'
import { Api } from './api.js'
import { respond } from './instances-api.js'
import type { InstancesApiOptions } from './options.js'

/** Express' shape of a middleware; its types are not needed to be one. */
export type Middleware = (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse, next: () => void) => void

/** `app.use(instancesApi({ cluster }))`, for Express 4 and 5, Connect, and Meteor's `WebApp.connectHandlers`. Other paths go on to the next. */
export function instancesApi(options: InstancesApiOptions): Middleware {
  const api = new Api(options)
  return (request, response, next) => {
    if (api.serves(request.url ?? '')) void respond(api, request, response)
    else next()
  }
}
