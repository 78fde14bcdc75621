import type { Facts } from './facts.js'
import { type Departure, type Member, type Membership, urlOf } from './state.js'

/** More departures than this are forgotten, oldest first; a record that nobody deleted may then be looked at once more. */
const departedKept = 1000

/** The next membership while one step makes it. Copies each map of the present one once, at the first write: a batch costs one copy. */
export class Draft {
  readonly #before: Membership
  #members: Map<string, Member> | undefined
  #departed: Map<string, Departure> | undefined
  /** Members by their address, each list in the order of `members`; made for the second question, as one alone is answered faster by a walk. */
  #byUrl: Map<string, Set<string>> | undefined
  #wasAsked = false
  registryReachable: boolean
  heldUntil: number

  constructor(before: Membership) {
    this.#before = before
    this.registryReachable = before.registryReachable
    this.heldUntil = before.heldUntil
  }

  get self(): Membership['self'] {
    return this.#before.self
  }

  get linkTimeoutMs(): number {
    return this.#before.linkTimeoutMs
  }

  get members(): Membership['members'] {
    return this.#members ?? this.#before.members
  }

  get departed(): Membership['departed'] {
    return this.#departed ?? this.#before.departed
  }

  setMember(member: Member): void {
    const { id } = member.facts
    const known = this.members.get(id)
    this.#members ??= new Map(this.#before.members)
    this.#members.set(id, member)
    const url = urlOf(member)
    if (!this.#byUrl || (known && urlOf(known) === url)) return
    if (known) this.#forgetIndex()
    else addTo(this.#byUrl, url, id)
  }

  /** Changes what is known of a member; of one that is none, nothing is. */
  changeFacts(id: string, update: (facts: Facts) => Facts): void {
    const member = this.members.get(id)
    if (member) this.setMember({ ...member, facts: update(member.facts) })
  }

  changeAllFacts(update: (facts: Facts) => Facts): void {
    this.#members = new Map([...this.members].map(([id, member]) => [id, { ...member, facts: update(member.facts) }]))
    this.#forgetIndex()
  }

  depart(member: Member, departure: Departure): void {
    const { id } = member.facts
    const url = urlOf(member)
    this.#members ??= new Map(this.#before.members)
    this.#members.delete(id)
    if (url !== undefined) this.#byUrl?.get(url)?.delete(id)
    this.#departed ??= new Map(this.#before.departed)
    // Deleted first, so that the newest stands last.
    this.#departed.delete(id)
    this.#departed.set(id, departure)
    for (const oldest of this.#departed.keys()) {
      if (this.#departed.size <= departedKept) break
      this.#departed.delete(oldest)
    }
  }

  forgetDeparture(id: string): void {
    this.#departed ??= new Map(this.#before.departed)
    this.#departed.delete(id)
  }

  /** Members that advertise one of the addresses, in the order of `members`. */
  at(urls: readonly string[]): Member[] {
    const [url, other] = urls
    if (url === undefined) return []
    if (other !== undefined || (!this.#byUrl && !this.#wasAsked)) {
      this.#wasAsked = true
      return this.#walk(urls)
    }
    this.#byUrl ??= indexOf(this.members)
    return [...(this.#byUrl.get(url) ?? [])].flatMap((id) => this.members.get(id) ?? [])
  }

  finish(): Membership {
    const { members, departed, registryReachable, heldUntil } = this
    return { ...this.#before, members, departed, registryReachable, heldUntil }
  }

  #walk(urls: readonly string[]): Member[] {
    const found: Member[] = []
    for (const member of this.members.values()) {
      const url = urlOf(member)
      if (url !== undefined && urls.includes(url)) found.push(member)
    }
    return found
  }

  /** A member that moves to another address would stand last in its list there, whatever its place among the members. */
  #forgetIndex(): void {
    this.#byUrl = undefined
    this.#wasAsked = false
  }
}

function indexOf(members: Membership['members']): Map<string, Set<string>> {
  const index = new Map<string, Set<string>>()
  for (const [id, member] of members) addTo(index, urlOf(member), id)
  return index
}

function addTo(index: Map<string, Set<string>>, url: string | undefined, id: string): void {
  if (url === undefined) return
  const ids = index.get(url)
  if (ids) ids.add(id)
  else index.set(url, new Set([id]))
}
