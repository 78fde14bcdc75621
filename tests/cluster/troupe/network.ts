import { execFileSync } from 'node:child_process'

const ip = (...args: string[]): string => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })

/** One host of the network: where an instance runs. */
export interface Host {
  readonly namespace: string
  readonly address: string
}

/**
 * Hosts of our own, as network namespaces: each with a cable to one of two switches, which a trunk joins, and another to the one where
 * MongoDB is. Cables can be pulled: nobody is told, as in life.
 */
export class Network {
  readonly hosts: readonly Host[]
  /** Where MongoDB is reached from all hosts. */
  readonly mongoAddress: string
  readonly #prefix: string
  readonly #sides: readonly number[]

  /** Why this machine cannot have one, or undefined. */
  static unavailable(): string | undefined {
    if (process.getuid?.() !== 0) return 'network namespaces need root'
    try {
      ip('netns', 'add', 'ddpprobe')
      ip('netns', 'delete', 'ddpprobe')
      return undefined
    } catch (error) {
      return `no network namespaces here (iproute2?): ${String(error).split('\n')[0]}`
    }
  }

  /** `sides` says of each host on which switch it is, 0 or 1. */
  constructor(sides: readonly number[]) {
    this.#sides = sides
    this.#prefix = `d${process.pid % 100_000}`
    const net = `10.${process.pid % 200}`
    this.mongoAddress = `${net}.2.254`
    for (const bridge of ['0', '1', 'm']) {
      ip('link', 'add', this.#name(bridge), 'type', 'bridge')
      ip('link', 'set', this.#name(bridge), 'up')
    }
    ip('address', 'add', `${this.mongoAddress}/24`, 'dev', this.#name('m'))
    ip('link', 'add', this.#name('t0'), 'type', 'veth', 'peer', 'name', this.#name('t1'))
    for (const side of ['0', '1']) ip('link', 'set', this.#name(`t${side}`), 'master', this.#name(side), 'up')
    this.hosts = sides.map((side, index) => {
      const namespace = this.#name(`n${index}`)
      ip('netns', 'add', namespace)
      ip('-n', namespace, 'link', 'set', 'lo', 'up')
      const address = `${net}.1.${index + 1}`
      this.#plug(index, 'p', String(side), address)
      this.#plug(index, 'q', 'm', `${net}.2.${index + 1}`)
      return { namespace, address }
    })
  }

  /** Cuts the two switches off from each other, or joins them again. */
  trunk(state: 'up' | 'down'): void {
    ip('link', 'set', this.#name('t0'), state)
  }

  /** Cuts the hosts of one side off from MongoDB, or joins them again. */
  mongo(side: number, state: 'up' | 'down'): void {
    this.#sides.forEach((of, index) => {
      if (of === side) ip('link', 'set', this.#name(`q${index}`), state)
    })
  }

  close(): void {
    for (const { namespace } of this.hosts) ip('netns', 'delete', namespace)
    for (const link of ['t0', '0', '1', 'm']) ip('link', 'delete', this.#name(link))
  }

  #plug(index: number, cable: string, bridge: string, address: string): void {
    const namespace = this.#name(`n${index}`)
    const outer = this.#name(`${cable}${index}`)
    ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', cable, 'netns', namespace)
    ip('link', 'set', outer, 'master', this.#name(bridge), 'up')
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', cable)
    ip('-n', namespace, 'link', 'set', cable, 'up')
  }

  #name(of: string): string {
    return `${this.#prefix}${of}`
  }
}
