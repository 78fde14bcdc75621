import { seeded } from '../fuzz/seeded.js'
import type { Breakage } from './broken.js'
import { check } from './checker/check.js'
import { history } from './checker/history.js'
import { type FaultName, faults, toInstances, toMongo, toNetwork } from './faults.js'
import { Poller } from './poller.js'
import { expireAfterMs, Stage } from './stage.js'

export interface ChaosOptions {
  readonly seed: number
  readonly forMs: number
  readonly instances: number
  readonly breakage?: Breakage
  /** Default: all. */
  readonly only?: readonly FaultName[]
  readonly say?: (line: string) => void
}

export interface ChaosReport {
  readonly seed: number
  readonly violations: readonly string[]
  /** How often each fault was done. */
  readonly done: Readonly<Record<string, number>>
  readonly heard: number
  readonly calls: number
  readonly leaseTokens: number
  readonly answers: number
  readonly agreedAfterMs: number
}

/** Two faults at most at once, so that more are healthy than not. */
const pauseMs = 1500
const agreeWithinMs = 60_000
/** A broken build may never agree, and need not. */
const brokenAgreeWithinMs = 1000

/** Runs a cluster, does it harm as the seed says, lets it heal, and has everyone's journal checked. */
export async function chaos({ seed, forMs, instances, breakage, only, say = () => undefined }: ChaosOptions): Promise<ChaosReport> {
  const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  const stage = await Stage.open(breakage)
  const done: Record<string, number> = {}
  const violations: string[] = []
  try {
    await Promise.all(Array.from({ length: instances }, () => stage.start()))
    const withinMs = breakage ? brokenAgreeWithinMs : agreeWithinMs
    await agreed(stage, agreeWithinMs)
    await using poller = await Poller.start(stage)
    const until = performance.now() + forMs
    const busy = new Set<string>()
    /** One fault after the other: what is done is the seed's choice; when, and so to whom, is also the machine's. */
    const harm = async (names: readonly FaultName[], lane: number): Promise<void> => {
      const random = seeded(seed * 3 + lane)
      const choose = (below: number): number => Math.floor(random() * below)
      const possible = names.filter((name) => only?.includes(name) ?? true)
      while (possible.length > 0 && performance.now() < until) {
        await pass(choose(pauseMs))
        const name = possible[choose(possible.length)] as FaultName
        const victim = stage.actors.filter(({ id }) => !busy.has(id))[choose(Math.max(1, stage.actors.length - busy.size))]
        if (!victim) continue
        busy.add(victim.id)
        say(`${name} ${victim.id}`)
        done[name] = (done[name] ?? 0) + 1
        await faults[name]({ stage, victim, choose, pass })
        busy.delete(victim.id)
      }
    }
    const harmed = await Promise.allSettled([harm(toInstances, 0), harm(toInstances, 1), harm([...(stage.hasOwnMongo ? toMongo : []), ...(stage.packets ? toNetwork : [])], 2)])
    for (const outcome of harmed) if (outcome.status === 'rejected') throw outcome.reason
    for (const actor of stage.actors) actor.order({ do: 'date', offsetMs: 0 })
    const healedAt = performance.now()
    for (const actor of stage.actors) actor.order({ do: 'settle' })
    violations.push(...(await agreed(stage, withinMs)))
    const agreedAfterMs = performance.now() - healedAt
    await poller.close()
    const last = [...stage.actors]
    await Promise.all(last.map((actor) => stage.end(actor, 'SIGTERM')))
    // Once it has left, the signal is raised again.
    for (const { id, how } of stage.endings) if (how !== 'SIGTERM') violations.push(`${id} was asked to leave and ended with ${how}`)
    const left = await stage.registered()
    for (const { id } of last) if (left.includes(id)) violations.push(`${id} left its record behind`)
    const journals = await stage.journals()
    violations.push(...poller.wrong.map(({ id, at, words }) => [words, ...history(at, [id], journals.find((journal) => journal.id === id)?.entries ?? [], stage.troubles)].join('\n')))
    violations.push(...check(journals, stage.troubles, expireAfterMs))
    const entries = journals.flatMap((journal) => journal.entries)
    const count = (what: (typeof entries)[number]['what']): number => entries.filter((entry) => entry.what === what).length
    return { seed, violations, done, heard: count('heard'), calls: count('called'), leaseTokens: new Set(entries.flatMap((entry) => (entry.what === 'held' ? [entry.token] : []))).size, answers: poller.answers, agreedAfterMs }
  } finally {
    await stage.close()
  }
}

/** Waits until everyone has everyone, and has heard all of everyone; what is missing when the time is up. */
async function agreed(stage: Stage, withinMs: number): Promise<string[]> {
  for (const until = performance.now() + withinMs; ; ) {
    const states = await Promise.all(stage.actors.map((actor) => actor.state()))
    const ids = states.map(({ id }) => id)
    const ghosts = states.flatMap(({ id, alive, others }) => [...alive, ...others.map((other) => `${other.id} (${other.why})`)].flatMap((ghost) => (ids.some((real) => ghost.startsWith(real)) ? [] : [`${id} knows ${ghost}, who is gone`])))
    const missing = states.flatMap((state) => states.flatMap((other) => {
      if (other === state) return []
      if (!state.alive.includes(other.id)) return [`${state.id} has no link to ${other.id} (${state.others.find(({ id }) => id === other.id)?.why ?? 'unknown'})`]
      // Whoever has heard nothing yet begins with what comes next.
      const heard = new Map(state.heard).get(other.id)
      return heard === undefined || heard >= other.head ? [] : [`${state.id} has heard ${heard} of ${other.id}, who emitted ${other.head}`]
    }))
    if (missing.length + ghosts.length === 0) return []
    if (performance.now() > until) return [...missing, ...ghosts].map((what) => `${what}, ${withinMs / 1000} s after all was healed`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
