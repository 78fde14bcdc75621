import type { Credentials } from './credentials.js'
import { Everyone } from './everyone.js'
import type { Phase } from './phase.js'
import type { Snapshot } from './snapshot.js'
import type { View } from './views.js'
import { Watch } from './watch.js'

/** Known state of the cluster. */
export interface Known {
  readonly snapshot: Snapshot
  /** How the others see it; none as long as they have not been asked. */
  readonly views: readonly View[]
}

export interface SessionHandlers {
  readonly onPhase: (phase: Phase) => void
  readonly onKnown: (known: Known) => void
}

/** An operator who is logged in: watches the cluster, and while it is live asks everyone how they see it. */
export class Session {
  readonly #credentials: Credentials
  readonly #handlers: SessionHandlers
  readonly #watch: Watch
  #everyone: Everyone | undefined
  #snapshot: Snapshot | undefined
  #views: readonly View[] = []

  constructor(credentials: Credentials, handlers: SessionHandlers) {
    this.#credentials = credentials
    this.#handlers = handlers
    this.#watch = new Watch(endpoint(), credentials, (phase) => this.#onPhase(phase), (snapshot) => this.#onSnapshot(snapshot))
  }

  tryNow(): void {
    this.#watch.tryNow()
  }

  close(): void {
    this.#everyone?.close()
    this.#watch.close()
  }

  #onPhase(phase: Phase): void {
    if (phase.kind === 'live') {
      this.#everyone ??= new Everyone(new URL('api/v1/instances.matrix', location.href), this.#credentials, (views) => this.#onViews(views))
    } else {
      this.#everyone?.close()
      this.#everyone = undefined
    }
    this.#handlers.onPhase(phase)
  }

  #onSnapshot(snapshot: Snapshot): void {
    if (this.#snapshot && statusesOf(snapshot) !== statusesOf(this.#snapshot)) this.#everyone?.nudge()
    this.#snapshot = snapshot
    this.#tell()
  }

  #onViews(views: readonly View[]): void {
    this.#views = views
    this.#tell()
  }

  #tell(): void {
    if (this.#snapshot) this.#handlers.onKnown({ snapshot: this.#snapshot, views: this.#views })
  }
}

/** The DDP endpoint stands beside the page, whatever path both are under. */
function endpoint(): string {
  const url = new URL('websocket', location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

function statusesOf({ instances }: Snapshot): string {
  return instances.map(({ id, status }) => `${id} ${status}`).join()
}
