import { Binary, Double } from 'bson'
import { cloneValue, getField, isDoc } from '../bson/value.js'
import { collationOf } from '../collation.js'
import { isStateChange } from '../fail-points.js'
import { MongoError } from '../mongo-error.js'
import { adminCommands } from './admin.js'
import { aggregateCommands } from './aggregate.js'
import { checkFields } from './arguments.js'
import { collectionCommands } from './collections.js'
import { explain, explainCommand } from './explain.js'
import { cursorCommands } from './cursor-commands.js'
import { timeLimit } from './field-types.js'
import { findAndModifyCommands } from './find-and-modify.js'
import { helloCommands, pause, topologyVersion } from './hello.js'
import { indexCommands } from './indexes.js'
import { readCommands } from './reads.js'
import { checkSessionFields } from './session-fields.js'
import { checkConcerns, checkConcernsSupported, writeConcernError } from './write-concern.js'
import { writeCommands } from './writes.js'
import type { Timestamp } from 'bson'
import type { Doc } from '../bson/value.js'
import type { Server } from '../server-state.js'
import type { Call, Command } from './command.js'

const listCommands: Command = {
  run: () => ({ commands: Object.fromEntries([...commands].map(([name, command]) => [name, { help: '', requiresAuth: false, slaveOk: true, adminOnly: command.adminOnly === true }])) }),
}

const commands: ReadonlyMap<string, Command> = new Map<string, Command>(Object.entries({
  ...helloCommands, ...adminCommands, ...readCommands, ...aggregateCommands, ...writeCommands, ...findAndModifyCommands, ...cursorCommands, ...indexCommands, ...collectionCommands, listCommands,
  explain: explainCommand((name) => commands.get(name)),
  buildinfo: adminCommands['buildInfo'] ?? listCommands, collstats: collectionCommands['collStats'] ?? listCommands, dbstats: collectionCommands['dbStats'] ?? listCommands,
}))

/** Answer to a command, and the fate of the connection after it. */
export interface Answer {
  readonly reply: Doc
  readonly closes: boolean
}

/** Runs one command, whatever it is; every failure becomes a reply as MongoDB gives it. */
export const runCommand = async (server: Server, command: Doc, gone: AbortSignal, appName: string | undefined, log: (error: unknown) => void): Promise<Answer> => {
  const [name = ''] = Object.keys(command)
  try {
    const failure = server.failPoints.strike(name, appName)
    if (failure) {
      if (failure.blockMs > 0) await pause(failure.blockMs, gone)
      if (failure.closeConnection) return { reply: {}, closes: true }
      if (failure.error) throw failure.error
    }
    const reply = await execute(server, name, command, gone)
    const concern = failure?.writeConcernError
    const failed = concern ? { ...concern, ...reply, ok: 1, writeConcernError: concern, ...(failure.labels && { errorLabels: [...failure.labels] }) } : reply
    return { reply: withTimes(server, failed), closes: false }
  } catch (cause) {
    if (!(cause instanceof MongoError)) log(cause)
    const error = cause instanceof MongoError ? cause : new MongoError('InternalError', 'the embedded server failed on this command')
    const version = isStateChange(error.code) ? { topologyVersion: topologyVersion(server) } : {}
    return { reply: withTimes(server, { ...version, ok: notOk, errmsg: error.message, code: error.code, codeName: error.codeName, ...error.fields }), closes: false }
  }
}

const notOk = new Double(0)
const ok = new Double(1)

const execute = async (server: Server, name: string, given: Doc, gone: AbortSignal): Promise<Doc> => {
  const command = commands.get(name)
  if (!command) throw new MongoError('CommandNotFound', `no such command: '${name}'`)
  const db = getField(given, '$db')
  if (typeof db !== 'string') throw new MongoError(40571, 'OP_MSG requests require a $db argument')
  if (db === '' || /[/\\. "$\0]/.test(db) || db.length > 63) throw new MongoError('InvalidNamespace', `Invalid database name: '${db}'`)
  if (command.adminOnly && db !== 'admin') throw new MongoError('Unauthorized', `${name} may only be run against the admin database.`)
  checkFields(name, given, command)
  checkConcerns(given)
  checkConcernsSupported(name, given, command)
  refuseCollations(name, given)
  checkSessionFields(name, given, server.replicaSet !== false)
  const variables = getField(given, 'let')
  const scope = {
    now: new Date(server.clock.now()), clusterTime: server.replicaSet === false ? undefined : server.store.oplog.last, collation: command.fields?.includes('collation') === true && name !== 'create' ? collationOf(given) : undefined,
    variables: isDoc(variables) ? cloneValue(variables) as Doc : {},
  }
  if (!countsItself.has(name)) server.counters.command++
  const isRetryable = command.isWrite === true && Object.hasOwn(given, 'txnNumber')
  const call: Call = { name, db, command: given, server, scope, gone, statements: isRetryable ? server.sessions.begin(given) : undefined }
  const limit = timeLimit(given)
  const began = performance.now()
  // A pipeline may ask for its own explanation.
  const reply = name === 'aggregate' && getField(given, 'explain') === true ? explain(call, 'queryPlanner') : await command.run(call)
  if (command.isRead === true && limit !== undefined && performance.now() - began > limit) {
    forget(server, reply)
    throw new MongoError('MaxTimeMSExpired', 'operation exceeded time limit')
  }
  const concern = command.isWrite ? writeConcernError(given) : undefined
  return concern ? { ...concern, ...reply, ok: 1, writeConcernError: concern } : { ...reply, ok }
}

/** Nobody will learn of the cursor that a refused command has opened. */
const forget = (server: Server, reply: Doc): void => {
  const cursor = getField(reply, 'cursor')
  const id = isDoc(cursor) ? getField(cursor, 'id') : undefined
  if (typeof id === 'bigint') server.cursors.kill(id)
}

const countsItself = new Set(['insert', 'update', 'delete', 'find', 'getMore', 'aggregate'])

/** Keys of indexes, and defaults of collections, are compared by their bytes here. What asks for more is refused, not answered wrongly. */
const refuseCollations = (name: string, command: Doc): void => {
  const specs = name === 'createIndexes' ? getField(command, 'indexes') : name === 'create' ? [command] : []
  for (const spec of Array.isArray(specs) ? specs : []) {
    if (isDoc(spec) && collationOf(spec)) throw new MongoError('CommandNotSupported', `a collation of ${name === 'create' ? 'a collection' : 'an index'} is not supported by the embedded server`)
  }
}

const signature = { hash: new Binary(new Uint8Array(20), 0), keyId: 0n }

const withTimes = (server: Server, reply: Doc): Doc => {
  if (server.replicaSet === false) return reply
  const last: Timestamp = server.store.oplog.last
  return { ...reply, $clusterTime: { clusterTime: last, signature }, operationTime: last }
}
