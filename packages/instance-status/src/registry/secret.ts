import { randomBytes } from 'node:crypto'
import { isCommandError } from './deployment.js'
import type { Handles } from './handles.js'

const duplicateKey = 11000

/** The secret of a cluster that was given none: 32 random bytes that its first instance writes and the others read. */
export async function sharedSecret({ settings }: Handles, name: string): Promise<string> {
  const _id = `secret:${name}`
  const read = async (): Promise<string> => {
    const document = await settings.findOneAndUpdate(
      { _id },
      { $setOnInsert: { secret: randomBytes(32).toString('base64') } },
      { upsert: true, returnDocument: 'after' },
    )
    const secret: unknown = document?.['secret']
    if (typeof secret !== 'string') throw new Error(`the settings document ${_id} has no secret; delete it to have one made`)
    return secret
  }
  return read().catch((error: unknown) => {
    if (isCommandError(error, duplicateKey)) return read()
    throw error
  })
}
