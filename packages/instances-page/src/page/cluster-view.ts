import { Announcer } from './announcer.js'
import { Charts } from './charts.js'
import { ConcernsList } from './concerns-list.js'
import { InstancesTable } from './instances-table.js'
import { LanesChart } from './lanes-chart.js'
import { linksBetween } from './links.js'
import { Ring } from './ring.js'
import { Series } from './series.js'
import { localOf, type Snapshot } from './snapshot.js'
import { Summary } from './summary.js'
import { Timeline } from './timeline.js'
import type { View } from './views.js'

/** All that is shown of a cluster. */
export class ClusterView {
  readonly #point = (id: string | undefined): void => this.#pointAt(id)
  readonly #ring = new Ring(this.#point)
  readonly #table = new InstancesTable(this.#point)
  readonly #concerns = new ConcernsList(this.#point)
  readonly #summary = new Summary()
  readonly #charts = new Charts()
  readonly #series = new Series()
  readonly #lanes = new LanesChart()
  readonly #timeline = new Timeline()
  readonly #announcer = new Announcer()
  #seenFrom: string | undefined

  /** Shows the present state, and the views of all instances as far as they are known. */
  show(snapshot: Snapshot, views: readonly View[], now: number): void {
    const { instances, happenings } = snapshot
    const seenFrom = localOf(snapshot)?.id
    if (seenFrom !== this.#seenFrom) this.#announcer.forget()
    this.#seenFrom = seenFrom
    const links = linksBetween(instances, views)
    this.#summary.show(instances, links)
    this.#ring.show(instances, links)
    this.#concerns.show(snapshot, views, now)
    this.#table.show(instances, now)
    this.#lanes.show(snapshot, now)
    this.#timeline.show(happenings)
    this.#announcer.show(happenings)
  }

  /** Once a second, while what is shown is live. */
  measure({ instances }: Snapshot, now: number): void {
    this.#series.add(instances, now)
    this.#charts.show(this.#series.samples, now)
  }

  /** Leaves nothing of a cluster in the page. */
  clear(): void {
    this.show({ instances: [], happenings: [] }, [], Date.now())
    this.#series.clear()
    this.#charts.show([], Date.now())
    this.#announcer.clear()
  }

  /** Marks the shown state as old. */
  interrupt(): void {
    this.#series.interrupt()
  }

  #pointAt(id: string | undefined): void {
    this.#ring.point(id)
    this.#table.point(id)
  }
}
