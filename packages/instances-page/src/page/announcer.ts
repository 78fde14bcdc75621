import { byId } from './element.js'
import { type Happening, inWords } from './happening.js'

/** Time for which announcements are gathered, to be read out together. */
const gatherMs = 700

/** Of more than this only the number is read out. */
const mostRead = 3

/** Tells who hears the page what happened since it was opened. */
export class Announcer {
  readonly #region = byId('announcer')
  #heard: number | undefined
  #waiting: Happening[] = []
  #timer: number | undefined

  show(happenings: readonly Happening[]): void {
    const latest = happenings[0]?.number ?? 0
    const heard = this.#heard ?? latest
    this.#heard = latest
    this.#waiting.push(...happenings.filter(({ number }) => number > heard).toReversed())
    if (this.#waiting.length > 0 && this.#timer === undefined) this.#timer = setTimeout(() => this.#read(), gatherMs)
  }

  clear(): void {
    this.forget()
    this.#region.textContent = ''
  }

  /** Another instance, another timeline: what it tells first is no news. */
  forget(): void {
    this.#heard = undefined
    this.#waiting = []
  }

  #read(): void {
    this.#timer = undefined
    const news = this.#waiting.splice(0)
    const more = news.length - mostRead
    this.#region.textContent = [...news.slice(0, mostRead).map(inWords), ...(more > 0 ? [`and ${more} more`] : [])].join('. ')
  }
}
