import type { Db, Document } from 'mongodb'

const unknownCommand = 59

/**
 * Whether the deployment has change streams: replica sets and sharded clusters do, a standalone server does not.
 * A server as old as 4.4.0 may not know `hello`; it is then asked by the old name.
 */
export async function hasChangeStreams(db: Db, timeoutMs: number): Promise<boolean> {
  const reply = await hello(db, timeoutMs)
  return typeof reply['setName'] === 'string' || reply['msg'] === 'isdbgrid'
}

async function hello(db: Db, timeoutMs: number): Promise<Document> {
  const options = { timeoutMS: timeoutMs }
  try {
    return await db.command({ hello: 1 }, options)
  } catch (error) {
    if (!isCommandError(error, unknownCommand)) throw error
    return db.command({ isMaster: 1 }, options)
  }
}

/** Whether `error` is MongoDB's own, with this code. */
export function isCommandError(error: unknown, code: number): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
