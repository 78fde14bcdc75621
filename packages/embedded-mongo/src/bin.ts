import { parseArgs } from 'node:util'
import { startEmbeddedMongo } from './start.js'

const usage = `Usage: embedded-mongo [--port 27017] [--host 127.0.0.1] [--replica-set rs0 | --standalone]
`

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '27017' }, host: { type: 'string' }, 'replica-set': { type: 'string' }, standalone: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) {
    process.stdout.write(usage)
    return
  }
  const mongo = await startEmbeddedMongo({
    port: Number(values.port), ...(values.host !== undefined && { host: values.host }),
    ...(values.standalone === true ? { replicaSet: false as const } : values['replica-set'] !== undefined && { replicaSet: values['replica-set'] }),
  })
  process.stdout.write(`embedded-mongo is for examples, tests and laptops, not for production: it keeps everything in memory, without authentication.\n${mongo.uri}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void mongo.close())
}

try {
  await main()
} catch (error) {
  process.stderr.write(`embedded-mongo: ${error instanceof Error ? error.message : String(error)}\n${usage}`)
  process.exitCode = 1
}
