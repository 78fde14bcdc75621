import type { LoginHandler } from './login.js'
import type { MethodHandler } from './method-invocation.js'
import type { RateLimitRule } from './rate-limiter.js'

interface LoginHost {
  method(name: string, handler: MethodHandler): void
  limitRate(rule: RateLimitRule): () => void
}

/** The methods `login` and `logout` as Meteor's clients call them, with Meteor's limit of five logins in ten seconds for a connection, which holds for logouts too. */
export function addLoginMethods(server: LoginHost, login: LoginHandler): void {
  server.method('login', async function (request) {
    const result = await login.call(this, request)
    await this.setUserId(result.id)
    return result
  })
  server.method('logout', async function () {
    await this.setUserId(null)
  })
  for (const name of ['login', 'logout']) server.limitRate({ type: 'method', name, connectionId: () => true, count: 5, intervalMs: 10_000 })
}
