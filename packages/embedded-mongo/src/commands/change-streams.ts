import { Timestamp } from 'bson'
import { getField, isDoc } from '../bson/value.js'
import { print } from '../bson/print.js'
import { Names } from '../expression/scope.js'
import { MongoError } from '../mongo-error.js'
import { queryContext } from '../pipeline/context.js'
import { isOutput, stageOf } from '../pipeline/stage-of.js'
import { compilePipeline } from '../pipeline/stages.js'
import { ChangeStream } from '../replication/change-stream.js'
import { placeOf } from '../replication/resume-token.js'
import { unknownField } from './arguments.js'
import { checkFieldTypes } from './field-types.js'
import type { Doc, Value } from '../bson/value.js'
import type { Place } from '../replication/resume-token.js'
import type { Call } from './command.js'

const options = new Set(['fullDocument', 'resumeAfter', 'startAfter', 'startAtOperationTime', 'allChangesForCluster', 'showMigrationEvents'])

const permitted = new Set(['$match', '$project', '$addFields', '$set', '$unset', '$replaceRoot', '$replaceWith', '$redact'])

/** `aggregate` with `$changeStream`: of a collection, of a database (`collection` undefined), or of everything. */
export const openChangeStream = (call: Call, collection: string | undefined, pipeline: readonly Value[]): ChangeStream => {
  const { server, db, scope } = call
  if (server.replicaSet === false) throw new MongoError(40573, 'The $changeStream stage is only supported on replica sets')
  const [, spec] = stageOf(pipeline[0])
  if (!isDoc(spec)) throw new MongoError(50808, '$changeStream stage expects a document as argument.')
  for (const name of Object.keys(spec)) if (!options.has(name)) throw unknownField('$changeStream', name)
  checkFieldTypes('$changeStream', spec, { fullDocument: 'string', resumeAfter: 'object', startAfter: 'object', startAtOperationTime: 'timestamp', allChangesForCluster: 'bool' })
  const { fullDocument = 'default', allChangesForCluster } = spec
  if (fullDocument !== 'default' && fullDocument !== 'updateLookup') {
    throw new MongoError(40575,
      `unrecognized value for the 'fullDocument' option to the $changeStream stage. Expected 'default' or 'updateLookup', got '${typeof fullDocument === 'string' ? fullDocument : print(fullDocument)}'`)
  }
  const isCluster = allChangesForCluster === true
  if (isCluster && (db !== 'admin' || collection !== undefined)) {
    throw new MongoError('InvalidOptions', 'A $changeStream with \'allChangesForCluster:true\' may only be opened on the \'admin\' database, and with no collection name; found ' + `${db}.${collection ?? '$cmd.aggregate'}`)
  }
  if (!isCluster && (db === 'admin' || db === 'local' || db === 'config')) {
    throw new MongoError('InvalidNamespace', `$changeStream may not be opened on the internal ${db} database`)
  }
  if (collection?.startsWith('system.') === true) throw new MongoError('InvalidNamespace', `$changeStream may not be opened on the internal ${db}.${collection} collection`)
  const rest = pipeline.slice(1)
  const context = { scope, query: queryContext(scope), names: new Names(Object.keys(scope.variables)), read: () => [] }
  compilePipeline(rest.filter((stage) => !isOutput(stageOf(stage)[0])), context)
  for (const stage of rest) {
    const [name] = stageOf(stage)
    if (!permitted.has(name)) throw new MongoError('IllegalOperation', `${name} is not permitted in a $changeStream pipeline`)
  }
  const run = compilePipeline(rest, context)
  return new ChangeStream(server.store, {
    db: isCluster ? undefined : db,
    collection,
    looksUp: fullDocument === 'updateLookup',
    from: startOf(call, spec),
    transform: (event) => run([event])[0],
  })
}

const startOf = (call: Call, spec: Doc): Place => {
  const { oplog } = call.server.store
  const resumeAfter = getField(spec, 'resumeAfter')
  const startAfter = getField(spec, 'startAfter')
  const time = getField(spec, 'startAtOperationTime')
  if ([resumeAfter, startAfter, time].filter((option) => option !== undefined).length > 1) {
    throw new MongoError(40674, 'Only one type of resume option is allowed, but multiple were found.')
  }
  if (time instanceof Timestamp) {
    if (time.compare(oplog.forgotten) <= 0 && !oplog.forgotten.isZero()) throw historyLost()
    // From this time on, its own event included.
    return { at: new Timestamp(time.toBigInt() - 1n), kind: 'time' }
  }
  const token = resumeAfter ?? startAfter
  if (token === undefined) return { at: oplog.last, kind: 'time' }
  const place = placeOf(token)
  if (place.kind === 'invalidate' && resumeAfter !== undefined) {
    throw new MongoError('InvalidOptions', 'Attempting to resume a change stream using \'resumeAfter\' is not allowed from an invalidate notification.')
  }
  if (place.at.compare(oplog.forgotten) < 0) throw historyLost()
  if (place.kind !== 'time' && !oplog.has(place.at)) {
    throw new MongoError('ChangeStreamFatalError', `cannot resume stream; the resume token was not found. ${JSON.stringify(token)}`)
  }
  return place
}

const historyLost = (): MongoError => new MongoError('ChangeStreamHistoryLost',
  'Resume of change stream was not possible, as the resume point may no longer be in the oplog.', { errorLabels: ['NonResumableChangeStreamError'] })
