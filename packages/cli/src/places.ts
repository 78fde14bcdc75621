import { CliError } from './errors.js'

/** The registry of a cluster. */
export interface MongoPlace {
  readonly kind: 'mongo'
  /** With its password: never shown. */
  readonly url: string
  readonly collection: string
  /** Instances of this name alone; of all names when undefined. */
  readonly name: string | undefined
}

/** An instance that answers over HTTP. */
export interface InstancePlace {
  readonly kind: 'instance'
  /** Without a slash at its end. */
  readonly url: string
  readonly userId: string
  readonly token: string
}

const usage = (message: string, advice: string): CliError => new CliError('usage', message, advice)

/** Throws a `CliError` `usage` that does not repeat the URL, which may hold a password. */
export function mongoPlace(url: string, collection: string, name: string | undefined): MongoPlace {
  if (!/^mongodb(\+srv)?:\/\/./.test(url)) throw usage('the URL of MongoDB must begin with mongodb:// or mongodb+srv://', 'give it as --mongo or in MONGO_URL')
  if (!/^[A-Za-z_][\w.-]{0,100}$/.test(collection)) throw usage('--collection must be the name of a collection', 'it is "instances" unless the application says otherwise')
  return { kind: 'mongo', url, collection, name }
}

/** Throws a `CliError` `usage` that repeats neither the token nor what may be a password. */
export function instancePlace(url: string, userId: string | undefined, token: string | undefined): InstancePlace {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol)) throw usage('--url must be where an instance answers HTTP', 'such as http://10.0.0.5:3000')
  if (parsed.username || parsed.password || parsed.search || parsed.hash) throw usage('--url takes no user, password, query or fragment', 'who asks is said by --user and DDP_CLUSTER_TOKEN')
  if (!userId || !token) throw usage('an instance tells only a user who may see it', 'set DDP_CLUSTER_USER and DDP_CLUSTER_TOKEN, or give --user and --token (which others on this machine can see in the list of processes)')
  for (const [what, value] of [['the user', userId], ['the token', token]] as const) {
    if (!/^[\x21-\x7e]{1,500}$/.test(value)) throw usage(`${what} cannot be sent as a header: it has spaces or unusual characters, or is too long`, 'is there a newline at its end?')
  }
  return { kind: 'instance', url: parsed.href.replace(/\/+$/, ''), userId, token }
}

/** Secrets that must never be shown: the token, or the passwords in a URL of MongoDB, encoded and decoded. */
export function secretsOf(place: MongoPlace | InstancePlace | undefined): string[] {
  if (place === undefined) return []
  if (place.kind === 'instance') return [place.token]
  const [, password = ''] = /^[^/]*\/\/[^:@/]*:([^@]*)@/.exec(place.url) ?? []
  const options = [...place.url.matchAll(/[?&][^=&]*(?:password|properties)=([^&]*)/gi)].flatMap((match) => (match[1] ?? '').split(/[,:]/))
  return [password, ...options].filter((secret) => secret !== '').flatMap((secret) => [secret, decoded(secret)])
}

/** Where MongoDB is, for people: its hosts alone. */
export const hostsOf = ({ url }: MongoPlace): string => url.replace(/^[^/]*\/\//, '').replace(/[/?].*$/s, '').replace(/^.*@/, '')

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
