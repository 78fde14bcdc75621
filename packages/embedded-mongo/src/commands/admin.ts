import { hostname } from 'node:os'
import { UUID } from 'bson'
import { getField, isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { maxDocumentBytes } from '../storage/collection.js'
import { collectionOf, wrongType } from './arguments.js'
import { maxConnections } from '../server-state.js'
import { version } from './hello.js'
import { checkSessionId } from './session-fields.js'
import type { Doc } from '../bson/value.js'
import type { Call, Command } from './command.js'

const nothing: Command = { run: () => ({}) }

/** The sessions that a command names by its first field: `[{ id: UUID }]`. @throws MongoError 14, 40414 or 40415 */
const sessionsOf = ({ name, command }: Call): Doc[] => {
  const ids = getField(command, name)
  if (!Array.isArray(ids)) throw wrongType(name, name, ids, 'array')
  return ids.map((id, at) => {
    if (!isDoc(id)) throw wrongType(name, `${name}.${at}`, id, 'object')
    checkSessionId(`${name}.${name}`, id)
    return id
  })
}

export const adminCommands: Readonly<Record<string, Command>> = {
  ping: nothing,
  startSession: { run: () => ({ id: { id: new UUID() }, timeoutMinutes: 30 }) },
  refreshSessions: {
    run: (call) => {
      sessionsOf(call)
      return {}
    },
  },
  endSessions: {
    run: (call) => {
      call.server.sessions.end(sessionsOf(call))
      return {}
    },
  },
  killSessions: nothing,
  killAllSessions: nothing,
  fsync: { adminOnly: true, run: () => ({ numFiles: 1 }) },
  buildInfo: {
    run: () => ({
      version, gitVersion: 'embedded', modules: [], allocator: 'system', javascriptEngine: 'none', sysInfo: 'deprecated',
      versionArray: [...version.split('.').map(Number), 0], bits: 64, debug: false, maxBsonObjectSize: maxDocumentBytes, storageEngines: ['embedded'],
    }),
  },
  serverStatus: {
    run: ({ server }) => ({
      host: hostname(), version, process: 'embedded-mongo', pid: BigInt(process.pid), uptime: Math.floor((server.clock.now() - server.startedAt) / 1000),
      localTime: new Date(server.clock.now()),
      connections: { current: server.connections.current, available: maxConnections - server.connections.current, totalCreated: server.connections.totalCreated, active: server.connections.current },
      logicalSessionRecordCache: { activeSessionsCount: server.sessions.size },
      metrics: { cursor: { timedOut: BigInt(server.cursors.timedOut), open: { noTimeout: 0n, pinned: 0n, total: BigInt(server.cursors.size) } } },
      opcounters: Object.fromEntries(Object.entries(server.counters).map(([name, value]) => [name, BigInt(value)])),
      storageEngine: { name: 'embedded', persistent: false },
    }),
  },
  connectionStatus: {
    run: () => ({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] } }),
  },
  whatsmyuri: { run: () => ({ you: '127.0.0.1:0' }) },
  getParameter: { adminOnly: true, run: ({ command }) => {
    if (getField(command, 'featureCompatibilityVersion') !== undefined) return { featureCompatibilityVersion: { version: '4.4' } }
    throw new MongoError('InvalidOptions', 'no option found to get')
  } },
  hostInfo: { run: ({ server }) => ({ system: { currentTime: new Date(server.clock.now()), hostname: hostname() } }) },
  getCmdLineOpts: { adminOnly: true, run: () => ({ argv: ['embedded-mongo'], parsed: {} }) },
  getLog: { adminOnly: true, run: () => ({ totalLinesWritten: 0, log: [] }) },
  replSetGetStatus: {
    adminOnly: true,
    run: ({ server }) => {
      if (server.replicaSet === false) throw new MongoError('NoReplicationEnabled', 'not running with --replSet')
      const date = new Date(server.clock.now())
      return { set: server.replicaSet, date, myState: 1, term: 1n, members: [{ _id: 0, name: server.address, health: 1, state: 1, stateStr: 'PRIMARY', self: true }] }
    },
  },
  configureFailPoint: {
    adminOnly: true,
    run: ({ server, command }) => {
      const count = server.failPoints.configure(getField(command, 'configureFailPoint'), getField(command, 'mode'), getField(command, 'data'))
      return { count }
    },
  },
  commitTransaction: { adminOnly: true, run: () => noTransaction() },
  abortTransaction: { adminOnly: true, run: () => noTransaction() },
  getLastError: { run: () => ({ n: 0, err: null }) },
  validate: {
    run: (call) => {
      const name = collectionOf(call)
      if (!call.server.store.collection(call.db, name)) throw new MongoError('NamespaceNotFound', `Collection '${call.db}.${name}' does not exist to validate.`)
      return { ns: `${call.db}.${name}`, valid: true, errors: [], warnings: [] }
    },
  },
}

const noTransaction = (): never => {
  throw new MongoError('NoSuchTransaction', 'Transactions are not supported by the embedded server')
}

