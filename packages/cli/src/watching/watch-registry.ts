import { CliError } from '../errors.js'
import type { MongoPlace } from '../places.js'
import { type RegistryRead, Registry } from '../registry/registry.js'
import type { SeenDocument } from '../registry/record.js'
import { orStopped, pause } from '../stopping.js'
import { duration } from '../text/durations.js'
import type { Happening, Watch } from './happening.js'

/** The records are read so often: whether MongoDB has change streams or not. */
const intervalMs = 1000

/** Compares the records with what they were. What MongoDB alone shows: who registers, falls silent, and is removed. */
export function watchRegistry(place: MongoPlace): Watch {
  return async (listener, stopping) => {
    const registry = await orStopped(Registry.open(place), stopping, (late) => late.close())
    if (registry === 'stopped') return
    try {
      let before = await registry.read()
      let state: 'answered' | 'unanswered' = 'answered'
      while (await pause(intervalMs, stopping)) {
        const now = await registry.read().catch((error: unknown) => {
          if (error instanceof CliError) return error
          throw error
        })
        if (stopping.aborted) return
        if (now instanceof CliError) {
          if (state === 'answered') listener.noticed(`${now.message}; trying again`)
          state = 'unanswered'
          continue
        }
        if (state === 'unanswered') listener.noticed('MongoDB answers again')
        state = 'answered'
        for (const happening of differences(before, now)) listener.happened(happening)
        before = now
      }
    } finally {
      await registry.close()
    }
  }
}

/** Events between two reads. */
export function differences(before: RegistryRead, now: RegistryRead): Happening[] {
  const at = new Date(now.databaseNow)
  const old = new Map(before.documents.map((document) => [idOf(document), document]))
  const present = new Set(now.documents.map(idOf))
  const happening = (document: SeenDocument, type: string, reason?: string): Happening => ({
    at, type, instance: idOf(document), address: document.kind === 'record' ? `${document.host}:${document.port}` : undefined, reason,
  })
  return [
    ...now.documents.flatMap((document) => {
      const known = old.get(idOf(document))
      if (document.kind === 'foreign') return known?.kind === 'foreign' ? [] : [happening(document, 'foreign', document.why)]
      if (known?.kind !== 'record') return [happening(document, 'registered'), ...(document.stale ? [happening(document, 'stale', silence(document.heartbeatAgeMs))] : [])]
      if (document.stale === known.stale) return []
      return [document.stale ? happening(document, 'stale', silence(document.heartbeatAgeMs)) : happening(document, 'renewed')]
    }),
    ...before.documents.filter((document) => !present.has(idOf(document))).map((document) => happening(document, 'removed')),
  ]
}

const silence = (ageMs: number): string => `not renewed for ${duration(ageMs)}`

const idOf = (document: SeenDocument): string => (document.kind === 'record' ? document._id : document.id)
