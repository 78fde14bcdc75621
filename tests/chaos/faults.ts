import type { Actor } from './cast.js'
import { Liar, sayGoodbyeAs } from './liar.js'
import type { Stage } from './stage.js'

/** What a fault gets to do its harm with. `choose` gives a whole number below its argument, from the seed. */
export interface Means {
  readonly stage: Stage
  readonly victim: Actor
  readonly choose: (below: number) => number
  readonly pass: (ms: number) => Promise<void>
}

export type Fault = (means: Means) => Promise<void>

/** Something done to one instance for a while, noted so long. */
async function during({ stage, victim, pass }: Means, kind: string, forMs: number, begin: () => void, end: () => void): Promise<void> {
  const over = stage.trouble(kind, victim.id)
  begin()
  await pass(forMs)
  end()
  over()
}

async function replace({ stage, victim, choose, pass }: Means, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  await stage.end(victim, signal)
  await pass(choose(2000))
  await stage.start()
}

const mongoWrites = ['findAndModify', 'update', 'insert', 'delete']
const mongoCommands = ['findAndModify', 'aggregate', 'getMore', 'find', 'update', 'insert', 'delete']

async function failing({ stage, pass }: Means, kind: string, forMs: number, data: { readonly blockTimeMS?: number; readonly [setting: string]: unknown }): Promise<void> {
  const over = stage.trouble(kind)
  await stage.failPoint({ mode: 'alwaysOn', data: { failCommands: mongoCommands, ...data } })
  await pass(forMs)
  await stage.failPoint({ mode: 'off' })
  // What waits already goes on waiting.
  over(data.blockTimeMS)
}

/** Somebody with the secret speaks in the name of an instance, and goes away again. */
async function lie({ stage, victim, choose, pass }: Means): Promise<void> {
  const secret = await stage.secret()
  if (secret === undefined) return
  const over = stage.trouble('liar', victim.id)
  const liar = await Liar.begin(secret, choose)
  victim.proxy.redirect(liar.port)
  await pass(500 + choose(2500))
  const to = stage.actors.filter((actor) => actor !== victim)[choose(Math.max(1, stage.actors.length - 1))]
  if (to) await sayGoodbyeAs(victim, { to, secret, database: stage.database, choose })
  liar.close()
  victim.proxy.redirect(victim.port)
  over()
}

/** Each may be chosen again and again; the more often it stands in `often`, the likelier. */
export const faults = {
  kill: (means) => replace(means, 'SIGKILL'),
  leave: (means) => replace(means, 'SIGTERM'),
  pause: (means) => during(means, 'pause', 200 + means.choose(8000), () => means.victim.child.kill('SIGSTOP'), () => means.victim.child.kill('SIGCONT')),
  block: async (means) => {
    const ms = 500 + means.choose(6000)
    await during(means, 'block', ms + 500, () => means.victim.order({ do: 'block', ms }), () => undefined)
  },
  'cut links': async ({ victim, choose, pass }) => {
    for (let cuts = 5 + choose(20); cuts > 0; cuts -= 1) {
      victim.proxy.cutOne(choose)
      await pass(choose(200))
    }
  },
  delay: (means) => during(means, 'delay', 500 + means.choose(4000), () => (means.victim.proxy.delayMs = 20 + means.choose(400)), () => (means.victim.proxy.delayMs = 0)),
  'half open': (means) => during(means, 'half open', 500 + means.choose(8000), () => means.victim.proxy.hold('inward', 'outward'), () => means.victim.proxy.hold()),
  'one way': (means) => during(means, 'one way', 500 + means.choose(8000), () => means.victim.proxy.hold(means.choose(2) === 0 ? 'inward' : 'outward'), () => means.victim.proxy.hold()),
  clock: async ({ victim, choose }) => victim.order({ do: 'date', offsetMs: (choose(2) === 0 ? -1 : 1) * choose(365 * 24 * 3_600_000) }),
  'no descriptors': (means) => {
    const ms = 500 + means.choose(3000)
    return during(means, 'no descriptors', ms, () => means.victim.order({ do: 'hoard', ms }), () => undefined)
  },
  'full disk': (means) => {
    const ms = 500 + means.choose(5000)
    return during(means, 'full disk', ms, () => means.victim.order({ do: 'fill disk', ms }), () => undefined)
  },
  liar: lie,
  'lost packets': async ({ stage, choose, pass }) => {
    const over = stage.trouble('lost packets')
    stage.packets?.lose(2 + choose(25))
    await pass(500 + choose(4000))
    stage.packets?.lose(0)
    over()
  },
  'MongoDB stops': async (means) => {
    const over = means.stage.trouble('MongoDB stops')
    await means.stage.restartMongo(500 + means.choose(8000))
    over()
  },
  'MongoDB hangs': (means) => failing(means, 'MongoDB hangs', 500 + means.choose(8000), { blockConnection: true, blockTimeMS: 3000 }),
  'MongoDB hangs on writes': (means) => failing(means, 'MongoDB hangs on writes', 500 + means.choose(8000), { failCommands: mongoWrites, blockConnection: true, blockTimeMS: 3000 }),
  'MongoDB is slow': (means) => failing(means, 'MongoDB is slow', 1000 + means.choose(5000), { blockConnection: true, blockTimeMS: 300 }),
  'MongoDB fails over': (means) => failing(means, 'MongoDB fails over', 200 + means.choose(3000), { errorCode: 10_107, errorLabels: ['RetryableWriteError'] }),
  'secret dropped': ({ stage }) => stage.dropSecret(),
  'settings dropped': ({ stage }) => stage.dropSettings(),
} satisfies Record<string, Fault>

export type FaultName = keyof typeof faults

/** What is done most, what is done to MongoDB, and to the network of all: one at a time. */
export const toInstances: readonly FaultName[] = ['kill', 'kill', 'leave', 'pause', 'pause', 'block', 'cut links', 'cut links', 'cut links', 'delay', 'half open', 'one way', 'clock', 'no descriptors', 'full disk', 'liar']
export const toMongo: readonly FaultName[] = ['MongoDB stops', 'MongoDB hangs', 'MongoDB hangs on writes', 'MongoDB is slow', 'MongoDB fails over', 'secret dropped', 'settings dropped']
export const toNetwork: readonly FaultName[] = ['lost packets']
