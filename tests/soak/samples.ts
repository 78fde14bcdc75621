import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import type { Sample } from './messages.js'
import type { Weight } from './weigh.js'

/** What a soak was asked to be. */
export interface Plan {
  readonly startedAt: string
  readonly forMs: number
  readonly instances: number
  readonly perSecond: number
  readonly node: string
}

/** What MongoDB's process weighs, and how much was written to it since it is there. */
export interface MongoSample extends Weight {
  readonly writes: number
}

/** One look at every process. */
export interface Look {
  /** Since the load began. */
  readonly atMs: number
  readonly members: readonly Sample[]
  /** Unknown when MongoDB is not ours. */
  readonly mongo?: MongoSample
  /** Since the load began. */
  readonly answers: number
}

/** What a soak has seen. */
export interface Course {
  readonly plan: Plan
  readonly looks: readonly Look[]
  /** What was wrong about events, calls and answers; undefined while it runs, or when it was broken off. */
  readonly wrong?: readonly string[]
}

/** A file with a line for the plan, one for each look as it comes, and one for what was wrong at the end: breaking off loses nothing. */
export class CourseFile {
  readonly #path: string

  constructor(path: string, plan: Plan) {
    this.#path = path
    writeFileSync(path, `${JSON.stringify(plan)}\n`)
  }

  add(line: Look | { readonly wrong: readonly string[] }): void {
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`)
  }
}

export function readCourse(path: string): Course {
  const [plan, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)
  const looks = lines.filter((line): line is Look => typeof line === 'object' && line !== null && 'atMs' in line)
  const end = lines.find((line): line is { wrong: string[] } => typeof line === 'object' && line !== null && 'wrong' in line)
  return { plan: plan as Plan, looks, ...end }
}
