import { randomBytes } from 'node:crypto'
import type { Logger } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import { ClusterError } from '../errors.js'
import { isCommandError } from './deployment.js'
import type { Handles, StringIdDocument } from './handles.js'
import { urgency } from './lane.js'
import { type Ending, Operations } from './operations.js'
import { isReply } from './refusal.js'

const duplicateKey = 11000

/** However many proofs fail, MongoDB is not asked for the secret more often than this. */
const leastCheckMs = 1000

/** Secrets that are accepted at once: the present one, and those that peers may still have. */
const mostAccepted = 4

export interface SharedSecretOptions {
  readonly handles: Handles
  /** The name of the cluster. */
  readonly name: string
  /** Time limit of one question to MongoDB. */
  readonly limitMs: number
  /** Interval at which the secret is read again, to notice that it was lost or that there is another. */
  readonly checkEveryMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * The secret of a cluster that was given none: 32 random bytes that its first instance writes and the others read.
 * An instance that lives writes it back when it is lost. Where a newcomer was faster there are two for a while: MongoDB's is adopted,
 * and the one before it stays accepted, until every instance has adopted it.
 */
export class SharedSecret {
  readonly #options: SharedSecretOptions
  readonly #operations: Operations
  readonly #checks: Operations
  readonly #timers: Timers
  readonly #id: string
  #accepted: readonly string[] = []
  #onAdopted: () => void = () => undefined
  #lastCheckAt = Number.NEGATIVE_INFINITY
  #cancelCheck: () => void = () => undefined

  constructor(options: SharedSecretOptions) {
    this.#options = options
    this.#id = `secret:${options.name}`
    const { clock, handles } = options
    this.#timers = new Timers(clock)
    this.#operations = new Operations({ clock, lane: handles.lanes.own, urgency: urgency.own })
    this.#checks = new Operations({ clock, lane: handles.lanes.others, urgency: urgency.upkeep })
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

  /** Checks the secret regularly from now on. `onAdopted` is called when another one is accepted too. */
  follow(onAdopted: () => void): void {
    this.#onAdopted = onAdopted
    this.#checkIn(this.#options.checkEveryMs)
  }

  /** A peer could not prove that it knows the secret: there may be another one by now. */
  doubt(): void {
    this.#checkIn(Math.max(0, this.#lastCheckAt + leastCheckMs - this.#options.clock.now()))
  }

  /** Writes the secret back if it is lost, and adopts another one. */
  async restore(ending: Ending): Promise<void> {
    this.#lastCheckAt = this.#options.clock.now()
    const [present] = this.#accepted
    if (present !== undefined) this.#adopt(await this.#readOrWrite(present, ending))
  }

  close(): void {
    this.#timers.clear()
    this.#operations.close()
    this.#checks.close()
  }

  #checkIn(delayMs: number): void {
    this.#cancelCheck()
    this.#cancelCheck = this.#timers.after(delayMs, () => {
      this.#checkIn(this.#options.checkEveryMs)
      this.#checks.run(this.#options.limitMs, 'about the secret of the cluster', (ending) => this.restore(ending)).catch((error: unknown) => {
        this.#options.logger.debug({ error: String(error) }, 'the secret of the cluster could not be checked')
      })
    })
  }

  #adopt(secret: string): void {
    if (this.#accepted[0] === secret) return
    this.#accepted = [secret, ...this.#accepted.filter((other) => other !== secret)].slice(0, mostAccepted)
    this.#options.logger.warn({ accepted: this.#accepted.length }, 'MongoDB has another secret of the cluster; it is accepted beside those before it')
    this.#onAdopted()
  }

  /** Resolves with the secret that MongoDB has then: the first writer wins. */
  async #readOrWrite(made: string, ending: Ending): Promise<string> {
    return (await this.#read(ending)) ?? (await this.#write(made, ending))
  }

  async #read(ending: Ending): Promise<string | undefined> {
    const { settings } = this.#options.handles
    try {
      const document = await settings.findOne({ _id: this.#id }, ending)
      return document ? this.#secretOf(document) : undefined
    } catch (error) {
      throw failed(error, `The secret of the cluster could not be read from ${settings.collectionName}`, 'give the user the right to read it, or joinCluster() the option secret')
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
      throw failed(error, `The secret of the cluster could not be written to ${settings.collectionName}`, 'give the user the right to write it, or joinCluster() the option secret')
    }
  }

  #secretOf(document: StringIdDocument | null): string {
    const secret: unknown = document?.['secret']
    if (typeof secret === 'string' && secret !== '') return secret
    throw new ClusterError('registry-unreachable', `The document ${this.#id} in ${this.#options.handles.settings.collectionName} has no secret: delete it to have one made`)
  }
}

/** A failure in words. The cause of a refusal is without MongoDB's own text, which may repeat the document that was written. */
function failed(error: unknown, what: string, help: string): unknown {
  if (!(error instanceof Error) || error instanceof ClusterError) return error
  if (!isReply(error)) return new ClusterError('registry-unreachable', `${what}: ${error.message}`, { cause: error })
  const { code, codeName } = error as { code?: unknown; codeName?: unknown }
  const why = typeof codeName === 'string' ? codeName : error.name
  const cause = Object.assign(new Error(why), { name: error.name, code, codeName })
  return new ClusterError('registry-unreachable', `${what} (${why}): ${help}`, { cause })
}
