import { ObjectId } from 'bson'
import { getField, isDoc, isNumeric, toNumber } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { longestTimerMs } from '../options.js'
import { maxDocumentBytes } from '../storage/collection.js'
import type { Doc } from '../bson/value.js'
import type { Server } from '../server-state.js'
import type { Call, Command } from './command.js'

export const maxMessageBytes = 48_000_000

/** MongoDB 4.4, of which the replies follow the reference. */
export const version = '4.4.29'

const maxWireVersion = 9

export const topologyVersion = (server: Server): Doc => ({ processId: server.processId, counter: 6n })

/** Description of the deployment for a client. */
const describe = (call: Call, primary: 'isWritablePrimary' | 'ismaster'): Doc => {
  const { server } = call
  const last = server.store.oplog.last
  const optime = { ts: last, t: 1n }
  const lastDate = new Date(last.getHighBitsUnsigned() * 1000)
  return {
    ...(primary === 'ismaster' && { helloOk: true }),
    topologyVersion: topologyVersion(server),
    ...(server.replicaSet === false ? { [primary]: true } : {
      hosts: [server.address], setName: server.replicaSet, setVersion: 1, [primary]: true, secondary: false, primary: server.address, me: server.address,
      electionId: server.electionId,
      lastWrite: { opTime: optime, lastWriteDate: lastDate, majorityOpTime: optime, majorityWriteDate: lastDate },
    }),
    maxBsonObjectSize: maxDocumentBytes,
    maxMessageSizeBytes: maxMessageBytes,
    maxWriteBatchSize: 100_000,
    localTime: new Date(server.clock.now()),
    logicalSessionTimeoutMinutes: 30,
    connectionId: 1,
    minWireVersion: 0,
    maxWireVersion,
    readOnly: false,
  }
}

const hello = (primary: 'isWritablePrimary' | 'ismaster'): Command => ({
  run: async (call) => {
    const { command, server } = call
    const known = getField(command, 'topologyVersion')
    const wait = getField(command, 'maxAwaitTimeMS')
    if ((known === undefined) !== (wait === undefined)) {
      throw new MongoError(31368, known === undefined ? 'A request with \'maxAwaitTimeMS\' must include a \'topologyVersion\'' : 'A request with a \'topologyVersion\' must include \'maxAwaitTimeMS\'')
    }
    if (isDoc(known) && isNumeric(wait)) {
      if (toNumber(wait) < 0) throw new MongoError(31373, 'maxAwaitTimeMS must be a non-negative integer')
      const process = known['processId']
      // The topology of one node never changes: a client that knows it waits its whole time.
      if (process instanceof ObjectId && process.equals(server.processId)) await pause(toNumber(wait), call.gone)
    }
    return describe(call, primary)
  },
})

/** Waits, but no longer than anybody is there to be answered. */
export const pause = (ms: number, gone: AbortSignal): Promise<void> => new Promise((resolve) => {
  if (gone.aborted) return resolve()
  const done = (): void => {
    clearTimeout(timer)
    gone.removeEventListener('abort', done)
    resolve()
  }
  const timer = setTimeout(done, Math.min(ms, longestTimerMs))
  gone.addEventListener('abort', done)
})

const isMaster = hello('ismaster')

export const helloCommands: Readonly<Record<string, Command>> = { hello: hello('isWritablePrimary'), isMaster, ismaster: isMaster }
