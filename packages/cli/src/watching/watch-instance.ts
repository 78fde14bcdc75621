import { connect, ConnectionError, DDPError, type DDPClient, type Document } from '@ddp-cluster/ddp-client'
import { CliError } from '../errors.js'
import { dateOf, numberOf, textOf } from '../instance/loose.js'
import type { InstancePlace } from '../places.js'
import { aborted } from '../stopping.js'
import { duration } from '../text/durations.js'
import { within } from '../within.js'
import type { Happening, Listener, Watch } from './happening.js'

/** The first answer is not waited for longer. */
const patienceMs = 5000

/** Follows the timeline of an instance, by its publication `instances`, over as many connections as it takes. What happened before is not told. */
export function watchInstance(place: InstancePlace): Watch {
  return async (listener, stopping) => {
    const client = connect({ url: `${place.url.replace(/^http/, 'ws')}/websocket`, connectTimeoutMs: patienceMs })
    try {
      const subscription = client.subscribe('instances', { userId: place.userId, authToken: place.token })
      // Documents that came before the subscription was ready are past events.
      const tell = ({ document }: { readonly document: Document }): void => {
        if (subscription.isReady) listener.happened(toHappening(document))
      }
      const timeline = client.collection('instances.timeline')
      timeline.on('added', tell)
      // A new process behind the same address counts from 1 again.
      timeline.on('changed', tell)
      await Promise.race([within(patienceMs, subscription.ready, () => unreachable(place, client)), aborted(stopping)]).catch((error: unknown) => {
        throw refusal(place, error, client)
      })
      followConnection(client, listener)
      const ended = await Promise.race([subscription.ended.then((error) => ({ error })), aborted(stopping)])
      if (ended && !stopping.aborted) throw refusal(place, ended.error ?? new ConnectionError('closed', 'it ended the subscription'), client)
    } finally {
      await client.close()
    }
  }
}

function followConnection(client: DDPClient, listener: Listener): void {
  let state: 'up' | 'down' = 'up'
  client.on('statusChanged', (now) => {
    if (now.status === 'connected' && state === 'down') {
      state = 'up'
      listener.noticed('connected again')
    } else if ((now.status === 'waiting' || now.status === 'failed') && state === 'up') {
      state = 'down'
      listener.noticed(`the connection is lost, trying again: ${now.reason}`)
    }
  })
}

function toHappening(document: Document): Happening {
  const { at, type, instance, address, reason, lost, delayMs } = document as Readonly<Record<string, unknown>>
  const figures = [numberOf(lost) === undefined ? undefined : `${numberOf(lost)} events lost`, numberOf(delayMs) === undefined ? undefined : `for ${duration(numberOf(delayMs) ?? 0)}`]
  const words = [textOf(reason), ...figures].filter((word) => word !== undefined).join(', ')
  return { at: dateOf(at) ?? new Date(), type: textOf(type) ?? 'unknown', instance: textOf(instance), address: textOf(address), reason: words === '' ? undefined : words }
}

function unreachable({ url }: InstancePlace, client: DDPClient): CliError {
  const status = client.status()
  const why = 'reason' in status && status.reason !== undefined ? status.reason : `nothing came for ${patienceMs} ms`
  return new CliError('instance-unreachable', `no WebSocket gets through to ${url}/websocket: ${why}`, 'does it run, and does a proxy in between pass on upgrades? ddp-cluster doctor tells')
}

function refusal(place: InstancePlace, error: unknown, client: DDPClient): CliError {
  if (error instanceof CliError) return error
  if (!(error instanceof DDPError)) return unreachable(place, client)
  const said = error.reason ?? error.message
  switch (error.error) {
    case 401:
      return new CliError('not-logged-in', `${place.url} does not know this user and token: ${said}`, 'is the token of that user, still valid, and of this cluster\'s database?')
    case 403:
      return new CliError('not-allowed', `the user ${place.userId} may not see the instances: ${said}`, 'a role of the user needs the permission view-statistics')
    case 429:
      return new CliError('too-many-requests', `${place.url} has been asked too often: ${said}`, 'wait a minute')
    case 404:
      return new CliError('not-an-instance', `${place.url} does not publish its instances: ${said}`, 'is instancesApi() mounted there, and new enough?')
    default:
      return new CliError('instance-unreachable', `${place.url} does not tell: ${said}`, 'try again; ddp-cluster doctor looks further')
  }
}
