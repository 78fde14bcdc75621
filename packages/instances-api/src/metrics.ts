import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ClusterState } from './options.js'

/** How exactly the delay of the event loop is measured, and what each of its measurements contains without any delay. */
const delayResolutionMs = 10

const roundTripBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

const statuses = ['joining', 'alive', 'suspect'] as const
const linkStatuses = ['connected', 'connecting', 'waiting', 'failed', 'offline'] as const

/** The figures of one instance for Prometheus: a registry of its own, so that several instances can live in one process. All is looked at when it is asked for. */
export class Metrics {
  readonly #cluster: ClusterState
  readonly #registry = new Registry()
  readonly #delay: IntervalHistogram
  readonly #roundTrip: Histogram
  /** Last observation of each link. */
  #roundTrips: ReadonlyMap<string, number> = new Map()

  constructor(cluster: ClusterState) {
    this.#cluster = cluster
    this.#delay = monitorEventLoopDelay({ resolution: delayResolutionMs })
    this.#delay.enable()
    const statistics = (): ReturnType<ClusterState['statistics']> => cluster.statistics()
    this.#byStatus('ddp_cluster_members', 'Other instances, by the status that this one gives them', statuses, () => cluster.members().map(({ status }) => status))
    this.#byStatus('ddp_cluster_links', 'Links that this instance dials, by their status', linkStatuses, () => cluster.members().flatMap(({ link }) => (link ? [link.currentStatus.status] : [])))
    this.#counter('ddp_cluster_events_emitted_total', 'Events emitted on this instance', () => statistics().events.emitted)
    this.#counter('ddp_cluster_events_received_total', 'Events of other instances that reached the listeners here', () => statistics().events.received)
    this.#counter('ddp_cluster_events_replayed_total', 'Those of the received that were sent from a log after a link had been cut', () => statistics().events.replayed)
    this.#counter('ddp_cluster_events_lost_total', 'Events of other instances that will never come, at most', () => statistics().events.lost)
    this.#counter('ddp_cluster_sent_bytes_total', 'Bytes of messages with events that were sent', () => statistics().bytes.sent)
    this.#counter('ddp_cluster_received_bytes_total', 'Bytes of messages with events that came', () => statistics().bytes.received)
    this.#counter('ddp_cluster_authorization_failures_total', 'Sessions and dials without a proof that both belong to the cluster', () => statistics().authorizationFailures)
    this.#gauge('ddp_cluster_log_entries', 'Events that are kept for members that are slow or away', () => statistics().log.entries)
    this.#gauge('ddp_cluster_log_bytes', 'Their bytes', () => statistics().log.bytes)
    this.#gauge('ddp_cluster_log_unsent_entries', 'Events between the newest and the member that is furthest behind', () => Math.max(0, ...statistics().peers.map(({ unsent }) => unsent)))
    this.#gauge('ddp_cluster_registry_reachable', '1 when MongoDB answered the last time it was asked, else 0', () => (cluster.self.registry === 'reachable' ? 1 : 0))
    this.#gauge('ddp_cluster_heartbeat_age_seconds', 'Since MongoDB last answered a heartbeat', () => statistics().heartbeat.ageMs / 1000)
    this.#gauge('ddp_cluster_heartbeat_duration_seconds', 'What the last heartbeat took', () => (statistics().heartbeat.durationMs ?? Number.NaN) / 1000)
    this.#eventLoopDelay()
    const collect = (): void => this.#observeRoundTrips()
    this.#roundTrip = new Histogram({ name: 'ddp_cluster_link_round_trip_seconds', help: 'Of the pings on the links that this instance dialled; the last of each link when it is looked', buckets: roundTripBuckets, registers: [this.#registry], collect })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  close(): void {
    this.#delay.disable()
    this.#registry.clear()
  }

  #gauge(name: string, help: string, look: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.#registry], collect: () => gauge.set(look()) })
  }

  /** Counted by the cluster; told anew each time. */
  #counter(name: string, help: string, look: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [this.#registry],
      collect: () => {
        counter.reset()
        counter.inc(look())
      },
    })
  }

  #byStatus(name: string, help: string, all: readonly string[], look: () => readonly string[]): void {
    const gauge: Gauge<'status'> = new Gauge({
      name,
      help,
      labelNames: ['status'],
      registers: [this.#registry],
      collect: () => {
        const found = look()
        for (const status of all) gauge.set({ status }, found.filter((one) => one === status).length)
      },
    })
  }

  /** Since it was last looked at. */
  #eventLoopDelay(): void {
    const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - delayResolutionMs) / 1000 || 0
    const gauge: Gauge<'quantile'> = new Gauge({
      name: 'ddp_cluster_event_loop_delay_seconds',
      help: 'How late the event loop was since the last look; quantile 1 is the longest',
      labelNames: ['quantile'],
      registers: [this.#registry],
      collect: () => {
        gauge.set({ quantile: '0.5' }, seconds(this.#delay.percentile(50)))
        gauge.set({ quantile: '0.99' }, seconds(this.#delay.percentile(99)))
        gauge.set({ quantile: '1' }, seconds(this.#delay.max))
        this.#delay.reset()
      },
    })
  }

  #observeRoundTrips(): void {
    const now = new Map(this.#cluster.members().flatMap(({ id, link }) => (link?.roundTripMs === undefined ? [] : [[id, link.roundTripMs] as const])))
    for (const [id, roundTripMs] of now) if (this.#roundTrips.get(id) !== roundTripMs) this.#roundTrip.observe(roundTripMs / 1000)
    this.#roundTrips = now
  }
}
