import { randomBytes } from 'node:crypto'
import type { Clock } from '@ddp-cluster/ddp-common/internal'
import { ClusterError } from '../errors.js'
import { isCommandError } from './deployment.js'
import type { Handles, StringIdDocument } from './handles.js'
import { urgency } from './lane.js'
import { type Ending, Operations } from './operations.js'

const duplicateKey = 11000

export interface SharedSecretOptions {
  readonly handles: Handles
  /** The name of the cluster. */
  readonly name: string
  /** Time limit of one question to MongoDB. */
  readonly limitMs: number
  readonly clock: Clock
}

/** The secret of a cluster that was given none: 32 random bytes that its first instance writes and the others read. */
export class SharedSecret {
  readonly #options: SharedSecretOptions
  readonly #operations: Operations
  readonly #id: string
  #accepted: readonly string[] = []

  constructor(options: SharedSecretOptions) {
    this.#options = options
    this.#id = `secret:${options.name}`
    this.#operations = new Operations({ clock: options.clock, lane: options.handles.lanes.own, urgency: urgency.own })
  }

  /** Secrets that peers may prove, the present one first. */
  get accepted(): readonly string[] {
    return this.#accepted
  }

  /**
   * Reads the secret, or writes a new one where there is none.
   *
   * @throws {ClusterError} `registry-unreachable` — MongoDB does not answer in time, or refuses; the cause never holds a secret.
   */
  async obtain(): Promise<void> {
    const made = randomBytes(32).toString('base64')
    this.#accepted = [await this.#operations.run(this.#options.limitMs, 'about the secret of the cluster', (ending) => this.#readOrWrite(made, ending))]
  }

  close(): void {
    this.#operations.close()
  }

  /** Whoever writes first wins: resolves with the secret that MongoDB has then. */
  async #readOrWrite(made: string, ending: Ending): Promise<string> {
    return (await this.#read(ending)) ?? (await this.#write(made, ending))
  }

  async #read(ending: Ending): Promise<string | undefined> {
    const { settings } = this.#options.handles
    try {
      const document = await settings.findOne({ _id: this.#id }, ending)
      return document ? this.#secretOf(document) : undefined
    } catch (error) {
      throw refused(error, `The secret of the cluster could not be read from ${settings.collectionName}`, 'give the user the right to read it, or joinCluster() the option secret')
    }
  }

  async #write(made: string, ending: Ending): Promise<string> {
    const { settings } = this.#options.handles
    const upsert = async (): Promise<string> => {
      const document = await settings.findOneAndUpdate({ _id: this.#id }, { $setOnInsert: { secret: made } }, { upsert: true, returnDocument: 'after', ...ending })
      return this.#secretOf(document)
    }
    try {
      // Two upserts of one _id at one moment: MongoDB lets one insert and tells the other.
      return await upsert().catch((error: unknown) => {
        if (isCommandError(error, duplicateKey)) return upsert()
        throw error
      })
    } catch (error) {
      throw refused(error, `The secret of the cluster could not be written to ${settings.collectionName}`, 'give the user the right to write it, or joinCluster() the option secret')
    }
  }

  #secretOf(document: StringIdDocument | null): string {
    const secret: unknown = document?.['secret']
    if (typeof secret === 'string' && secret !== '') return secret
    throw new ClusterError('registry-unreachable', `The document ${this.#id} in ${this.#options.handles.settings.collectionName} has no secret: delete it to have one made`)
  }
}

/** MongoDB's refusals may repeat the document that was written, so of the driver's error only what is known to hold no secret goes on. */
function refused(error: unknown, what: string, help: string): unknown {
  if (!(error instanceof Error) || error instanceof ClusterError) return error
  const { code, codeName } = error as { code?: unknown; codeName?: unknown }
  const cause = Object.assign(new Error(error.name), { name: error.name, code, codeName })
  const why = typeof codeName === 'string' ? codeName : error.name
  return new ClusterError('registry-unreachable', `${what} (${why}): ${help}`, { cause })
}
