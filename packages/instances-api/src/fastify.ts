import type { IncomingMessage, ServerResponse } from 'node:http'
import { Api } from './api.js'
import { respond } from './instances-api.js'
import type { InstancesApiOptions } from './options.js'

/** What is used of Fastify; its types are not needed to be its plugin. */
export interface FastifyLike {
  route(options: {
    method: string[]
    url: string
    exposeHeadRoute: boolean
    handler: (request: { raw: IncomingMessage }, reply: { raw: ServerResponse; hijack(): unknown }) => void
  }): unknown
}

/** `fastify.register(instancesApi, { cluster })`, for Fastify 5. */
export function instancesApi(fastify: FastifyLike, options: InstancesApiOptions, done: () => void): void {
  const api = new Api(options)
  for (const url of api.paths) {
    fastify.route({
      method: ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url,
      exposeHeadRoute: false,
      handler: (request, reply) => {
        reply.hijack()
        void respond(api, request.raw, reply.raw)
      },
    })
  }
  done()
}
