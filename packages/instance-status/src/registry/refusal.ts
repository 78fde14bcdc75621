/** MongoDB's error texts may repeat the whole command, and what it wrote. */
const commandText = ' to execute command'

/**
 * A refusal of MongoDB as a `cause` that can be logged: name, code and the text without the command. The driver's own error holds MongoDB's whole reply,
 * with documents and signatures. Errors of another kind are returned as they are.
 */
export function withoutReply(error: unknown): unknown {
  if (!(error instanceof Error) || !isReply(error)) return error
  const { code, codeName } = error as { code?: unknown; codeName?: unknown }
  return Object.assign(new Error(error.message.split(commandText)[0]), { name: error.name, code, codeName })
}

/** Whether it is an answer of MongoDB: `MongoServerError` and its kinds, such as `MongoWriteConcernError`, which holds the document that was written. */
export const isReply = (error: Error): boolean => /^Mongo(Server|WriteConcern|BulkWrite)Error$/.test(error.name) || 'errorResponse' in error
