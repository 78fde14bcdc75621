import { parseArgs } from 'node:util'
import { startEmbeddedMongo } from './start.js'
import type { EmbeddedMongoOptions } from './options.js'

const usage = `Usage: embedded-mongo [--port PORT] [--host ADDRESS] [--replica-set NAME | --standalone]

  --port PORT          27017 unless said otherwise; 0 takes a free one
  --host ADDRESS       127.0.0.1 unless said otherwise; there is no authentication: keep it there
  --replica-set NAME   the name of the one-node replica set, rs0 unless said otherwise
  --standalone         no replica set, and so no change streams
  --help, -h           this text

Prints the URI when it listens, and ends on SIGINT or SIGTERM. Everything is in memory.
`

/** Options of the command line; undefined for help. @throws for arguments that it does not take */
const optionsOf = (): EmbeddedMongoOptions | undefined => {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '27017' }, host: { type: 'string' }, 'replica-set': { type: 'string' }, standalone: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return undefined
  if (!/^\d{1,5}$/.test(values.port)) throw new RangeError(`port must be between 0 and 65535, not '${values.port}'`)
  if (values.standalone === true && values['replica-set'] !== undefined) throw new Error('a standalone has no replica set: give one of the two')
  return {
    port: Number(values.port), ...(values.host !== undefined && { host: values.host }),
    ...(values.standalone === true ? { replicaSet: false as const } : values['replica-set'] !== undefined && { replicaSet: values['replica-set'] }),
  }
}

const run = async (options: EmbeddedMongoOptions): Promise<void> => {
  const mongo = await startEmbeddedMongo(options)
  process.stdout.write(`embedded-mongo is for examples, tests and laptops, not for production: it keeps everything in memory, without authentication.\n${mongo.uri}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void mongo.close())
}

/** Why it did not start, and what helps. */
const reason = (error: unknown, { port = 0, host = '127.0.0.1' }: EmbeddedMongoOptions): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return `port ${port} of ${host} is taken: stop what listens there, or choose another by --port (0 takes a free one)`
  if (code === 'EACCES') return `port ${port} may not be opened by this user: choose one from 1024 on by --port`
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') return `${host} is no address of this machine: choose another by --host`
  return error instanceof Error ? error.message : String(error)
}

try {
  const options = optionsOf()
  if (options) {
    await run(options).catch((error: unknown) => {
      process.stderr.write(`embedded-mongo: ${reason(error, options)}\n`)
      process.exitCode = error instanceof RangeError ? 2 : 1
    })
  } else {
    process.stdout.write(usage)
  }
} catch (error) {
  process.stderr.write(`embedded-mongo: ${error instanceof Error ? error.message : String(error)}\n${usage}`)
  process.exitCode = 2
}
