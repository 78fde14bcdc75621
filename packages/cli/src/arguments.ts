import { parseArgs } from 'node:util'
import { CliError } from './errors.js'
import { type InstancePlace, instancePlace, type MongoPlace, mongoPlace } from './places.js'

/** Command of the command line. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'status'; readonly at: MongoPlace | InstancePlace; readonly watch: boolean; readonly json: boolean }
  | { readonly kind: 'matrix'; readonly at: InstancePlace; readonly watch: boolean; readonly json: boolean }
  | { readonly kind: 'watch'; readonly at: MongoPlace | InstancePlace; readonly json: boolean }
  | { readonly kind: 'doctor'; readonly mongo: MongoPlace | undefined; readonly instance: InstancePlace | undefined; readonly json: boolean }

export type Environment = Readonly<Record<string, string | undefined>>

const options = {
  mongo: { type: 'string' },
  collection: { type: 'string' },
  name: { type: 'string' },
  url: { type: 'string' },
  user: { type: 'string' },
  token: { type: 'string' },
  watch: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', default: false },
} as const

type Values = ReturnType<typeof parse>['values']

const commands = ['status', 'matrix', 'watch', 'doctor'] as const

/** Whether `--json` was asked for: errors come as JSON too then, those of the command line among them. */
export const wantsJson = (args: readonly string[]): boolean => args.includes('--json')

/** Throws a `CliError` `usage`, which never repeats what may be a secret. */
export function readArguments(args: readonly string[], env: Environment): Command {
  const { values, positionals } = parse(args)
  if (values.help) return { kind: 'help' }
  if (values.version) return { kind: 'version' }
  const [name, ...rest] = positionals
  const kind = commands.find((known) => known === name)
  if (kind === undefined) throw usage(name === undefined ? 'what to do? Give a command' : 'there is no such command')
  if (rest.length > 0) throw usage(`${kind} takes options only, and nothing else`)
  if (values.watch && kind !== 'status' && kind !== 'matrix') throw usage(`--watch goes with status and matrix; ${kind === 'watch' ? 'watch goes on by itself' : 'doctor looks once'}`)
  const { mongo, instance } = places(values, env)
  const { watch, json } = values
  if (kind === 'doctor') {
    if (!mongo && !instance) throw nowhere()
    return { kind, mongo, instance, json }
  }
  if (values.mongo !== undefined && values.url !== undefined) throw usage(`${kind} asks one of the two: give --mongo or --url`)
  if (kind === 'matrix') {
    if (!instance) throw usage('matrix shows links, which only instances know: give --url (MongoDB holds records alone)')
    return { kind, at: instance, watch, json }
  }
  const at = instance ?? mongo
  if (!at) throw nowhere()
  return kind === 'status' ? { kind, at, watch, json } : { kind, at, json }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    // Its messages name options, never their values.
    throw usage(error instanceof Error ? error.message.split('. ')[0] ?? '' : String(error))
  }
}

/** Places given as options; where neither is given, those of the environment. */
function places(values: Values, env: Environment): { mongo: MongoPlace | undefined; instance: InstancePlace | undefined } {
  const given = values.mongo !== undefined || values.url !== undefined
  const mongoUrl = values.mongo ?? (given ? undefined : env['MONGO_URL'])
  const url = values.url ?? (given ? undefined : env['DDP_CLUSTER_URL'])
  const userId = values.user ?? env['DDP_CLUSTER_USER']
  const token = values.token ?? env['DDP_CLUSTER_TOKEN']
  const collection = values.collection ?? (env['MULTIPLE_INSTANCES_COLLECTION_NAME'] || 'instances')
  if (mongoUrl === undefined && (values.collection !== undefined || values.name !== undefined)) throw usage('--collection and --name go with --mongo')
  if (url === undefined && (values.user !== undefined || values.token !== undefined)) throw usage('--user and --token go with --url')
  return {
    mongo: mongoUrl ? mongoPlace(mongoUrl, collection, values.name) : undefined,
    instance: url ? instancePlace(url, userId, token) : undefined,
  }
}

const usage = (message: string): CliError => new CliError('usage', message, 'ddp-cluster --help tells what there is')

const nowhere = (): CliError => usage('whom to ask? Give --url of an instance or --mongo, or set DDP_CLUSTER_URL or MONGO_URL')
