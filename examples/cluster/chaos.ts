import type { InstanceProcess } from './instance-process.js'

/** What is broken on purpose, one after the other. */
const mishaps = ['kill', 'pause', 'cut', 'leave'] as const

/** Between two of them all is left to heal. */
const calmMs = 5000
/** Longer than peers wait for a sign of life: they find the paused one silent. */
const pausedMs = 14_000
const cutMs = 8000
/** Before somebody starts another in its place. */
const goneMs = 4000
const leavePatienceMs = 3000

export interface ChaosParts {
  /** The first is left alone: its page is being looked at. */
  readonly instances: InstanceProcess[]
  readonly startAnother: () => Promise<InstanceProcess>
  /** Told in words of all that is done. */
  readonly say: (text: string) => void
  /** Resolves after that time, or when all is to end. */
  readonly pause: (ms: number) => Promise<void>
  readonly signal: AbortSignal
}

/** Breaks one thing after the other, and mends it, until the signal. */
export async function wreakHavoc({ instances, startAnother, say, pause, signal }: ChaosParts): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    await pause(calmMs)
    if (signal.aborted) return
    const index = 1 + Math.floor(Math.random() * (instances.length - 1))
    const victim = instances[index]
    const mishap = mishaps[turn % mishaps.length]
    if (!victim || !mishap || victim.ended() !== undefined) continue
    const name = `#${index + 1} (${victim.address}, pid ${victim.pid})`
    switch (mishap) {
      case 'kill':
        say(`Chaos kills ${name}: no goodbye, its kernel resets the links`)
        process.kill(victim.pid, 'SIGKILL')
        await replace(index)
        break
      case 'pause':
        say(`Chaos pauses ${name} for ${pausedMs / 1000} s: it says nothing, and its sockets stay open`)
        process.kill(victim.pid, 'SIGSTOP')
        await pause(pausedMs)
        process.kill(victim.pid, 'SIGCONT')
        say(`Chaos lets ${name} go on`)
        break
      case 'cut':
        say(`Chaos cuts every link to ${name} for ${cutMs / 1000} s: it reaches the others, nobody reaches it`)
        victim.proxy?.cut()
        await pause(cutMs)
        victim.proxy?.mend()
        say(`Chaos mends the links to ${name}`)
        break
      case 'leave':
        say(`Chaos asks ${name} to leave: it says goodbye`)
        await victim.stop(leavePatienceMs)
        await replace(index)
    }
  }

  async function replace(index: number): Promise<void> {
    await pause(goneMs)
    if (signal.aborted) return
    const another = await startAnother()
    instances[index] = another
    say(`Somebody started #${index + 1} anew: ${another.id} at ${another.address} (pid ${another.pid})`)
  }
}
