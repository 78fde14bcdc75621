import type { IncomingMessage, ServerResponse } from 'node:http'
import { Api } from './api.js'
import { respond } from './instances-api.js'
import type { InstancesApiOptions } from './options.js'

/** Part of Fastify that a plugin uses, so that its types are not needed. */
export interface FastifyLike {
  /** The methods that the application's routes may have. */
  readonly supportedMethods: readonly string[]
  route(options: {
    method: string[]
    url: string
    exposeHeadRoute: boolean
    onRequest: (request: { raw: IncomingMessage }, reply: { raw: ServerResponse; hijack(): unknown }, done: () => void) => void
    handler: () => void
  }): unknown
}

/** Options of `register()` itself, which Fastify hands to the plugin as well. */
export interface RegisterOptions {
  readonly prefix?: unknown
  readonly logLevel?: unknown
  readonly logSerializers?: unknown
}

/** `fastify.register(instancesApi, { cluster })`, for Fastify 5. A method that Fastify does not support, such as PROPFIND, is answered by the application's not-found handler. */
export function instancesApi(fastify: FastifyLike, { prefix: _prefix, logLevel: _logLevel, logSerializers: _logSerializers, ...options }: InstancesApiOptions & RegisterOptions, done: () => void): void {
  const api = new Api(options)
  for (const url of api.paths) {
    fastify.route({
      method: [...fastify.supportedMethods],
      url,
      exposeHeadRoute: false,
      // Before Fastify parses a body that nobody asked for.
      onRequest: (request, reply) => {
        reply.hijack()
        void respond(api, request.raw, reply.raw)
      },
      handler: () => undefined,
    })
  }
  done()
}
