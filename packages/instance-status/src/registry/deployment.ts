import type { Db, Document } from 'mongodb'
import type { Ending } from './operations.js'

const unknownCommand = 59

/** Replica sets and sharded clusters have change streams, a standalone server has none. */
export type Deployment = 'standalone' | 'replica-set' | 'sharded'

/** Asks MongoDB what it is. A server as old as 4.4.0 may not know `hello`; it is then asked by the old name. */
export async function deploymentOf(db: Db, ending: Ending): Promise<Deployment> {
  const reply = await hello(db, ending)
  if (reply['msg'] === 'isdbgrid') return 'sharded'
  return typeof reply['setName'] === 'string' ? 'replica-set' : 'standalone'
}

async function hello(db: Db, { signal }: Ending): Promise<Document> {
  try {
    return await db.command({ hello: 1 }, { signal })
  } catch (error) {
    if (!isCommandError(error, unknownCommand)) throw error
    return db.command({ isMaster: 1 }, { signal })
  }
}

/** Whether `error` is MongoDB's own, with this code. */
export function isCommandError(error: unknown, code: number): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
