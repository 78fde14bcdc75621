import { difference } from './difference.js'
import { type Fields, instanceDocuments, withFiguresOf } from './instance-documents.js'
import type { ClusterState } from './options.js'
import { Timeline } from './timeline.js'

/** Receiver of every change: a DDP publication. */
export interface Watcher {
  added(collection: string, id: string, fields: Record<string, unknown>): void
  changed(collection: string, id: string, fields: Record<string, unknown>): void
  removed(collection: string, id: string): void
  /** Ends it, as what it was to be told cannot be written. */
  error(error: unknown): void
  stop(): void
}

const instancesCollection = 'instances'
const timelineCollection = 'instances.timeline'

/** Figures are looked at so often, */
const figuresMs = 1000
/** what happens in so short a time is told together, */
const gatherMs = 25
/** and while anybody watches, the records are read so often: their heartbeats move. */
const recordsMs = 5000

type State = { readonly kind: 'idle' } | { readonly kind: 'watched'; readonly timers: readonly ReturnType<typeof setInterval>[]; gathering: ReturnType<typeof setTimeout> | undefined } | { readonly kind: 'closed' }

/** View of one instance on its cluster, told to watchers. Without watchers only the timeline is kept. */
export class Live {
  readonly #cluster: ClusterState
  readonly #timeline: Timeline
  readonly #watchers = new Set<Watcher>()
  #instances: ReadonlyMap<string, Fields> = new Map()
  #entries: ReadonlyMap<string, Fields> = new Map()
  #state: State = { kind: 'idle' }

  constructor(cluster: ClusterState) {
    this.#cluster = cluster
    this.#timeline = new Timeline(cluster, () => this.#happened())
  }

  /**
   * Gives the watcher all there is, and then every change; the function returned ends that, and may be called twice. After `close()` there is nothing.
   * Throws what `added` throws, and then never tells it anything.
   */
  watch(watcher: Watcher): () => void {
    if (this.#state.kind === 'closed') {
      watcher.stop()
      return () => undefined
    }
    if (this.#state.kind === 'idle') this.#begin()
    this.#watchers.add(watcher)
    try {
      for (const [id, fields] of this.#instances) watcher.added(instancesCollection, id, { ...fields })
      for (const [id, fields] of this.#entries) watcher.added(timelineCollection, id, { ...fields })
    } catch (error) {
      this.#forget(watcher)
      throw error
    }
    return () => this.#forget(watcher)
  }

  close(): void {
    this.#timeline.close()
    this.#end({ kind: 'closed' })
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher.stop()
  }

  #forget(watcher: Watcher): void {
    if (this.#watchers.delete(watcher) && this.#watchers.size === 0) this.#end({ kind: 'idle' })
  }

  #begin(): void {
    this.#instances = instanceDocuments(this.#cluster)
    this.#entries = new Map(this.#timeline.entries)
    const timers = [
      setInterval(() => this.#tell(instanceDocuments(this.#cluster)), figuresMs),
      setInterval(() => void this.#cluster.records({ maxAgeMs: recordsMs / 2 }).catch(() => undefined), recordsMs),
    ]
    this.#state = { kind: 'watched', timers, gathering: undefined }
  }

  #end(next: State): void {
    if (this.#state.kind === 'watched') {
      for (const timer of this.#state.timers) clearInterval(timer)
      clearTimeout(this.#state.gathering)
    }
    this.#state = next
  }

  #happened(): void {
    const state = this.#state
    if (state.kind !== 'watched') return
    state.gathering ??= setTimeout(() => {
      state.gathering = undefined
      const now = instanceDocuments(this.#cluster)
      this.#tell(new Map([...now].map(([id, fields]) => [id, withFiguresOf(this.#instances.get(id), fields)])))
    }, gatherMs)
  }

  #tell(instances: ReadonlyMap<string, Fields>): void {
    this.#send(instancesCollection, this.#instances, instances)
    this.#instances = instances
    const entries = new Map(this.#timeline.entries)
    this.#send(timelineCollection, this.#entries, entries)
    this.#entries = entries
  }

  #send(collection: string, before: ReadonlyMap<string, Fields>, after: ReadonlyMap<string, Fields>): void {
    for (const change of difference(before, after)) {
      for (const watcher of this.#watchers) {
        try {
          if (change.type === 'removed') watcher.removed(collection, change.id)
          else watcher[change.type](collection, change.id, change.fields)
        } catch (error) {
          this.#forget(watcher)
          watcher.error(error)
        }
      }
    }
  }
}
