/** MongoDB's error texts may repeat the whole command, and what it wrote. */
const commandText = ' to execute command'

/**
 * A refusal of MongoDB as a `cause` that can be logged: name, code and the text without the command. The driver's own error holds MongoDB's whole reply,
 * with documents and signatures. Errors of another kind are returned as they are.
 */
export function withoutReply(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'MongoServerError') return error
  const { code, codeName } = error as { code?: unknown; codeName?: unknown }
  return Object.assign(new Error(error.message.split(commandText)[0]), { name: error.name, code, codeName })
}
