import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** Set where this process has a network of its own. */
const mark = 'CHAOS_OWN_NETWORK'

const nft = (...words: string[]): string => execFileSync('nft', words, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })

/**
 * Runs this script once more in a network of its own, in which packets can be lost without anybody else missing them, and returns its exit code.
 * Undefined where it is to run here: it has one already, or cannot have one, of which `say` is told why.
 */
export async function inOwnNetwork(say: (line: string) => void): Promise<number | undefined> {
  if (process.env[mark] !== undefined) return undefined
  const why = unavailable()
  if (why !== undefined) {
    say(`no packets are lost in this run: ${why}`)
    return undefined
  }
  const again = ['--net', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"', process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const child = spawn('unshare', again, { stdio: 'inherit', env: { ...process.env, [mark]: 'yes' } })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

function unavailable(): string | undefined {
  if (process.env['MONGO_URL']) return 'MONGO_URL is outside a network of its own'
  if (process.getuid?.() !== 0) return 'a network of its own needs root'
  const probe = spawnSync('unshare', ['--net', 'sh', '-c', 'ip link set lo up && nft add table inet chaos'], { encoding: 'utf8' })
  if (probe.error) return 'unshare (util-linux) is not here'
  return probe.status === 0 ? undefined : `unshare, ip (iproute2) or nft (nftables) did not work: ${probe.stderr.split('\n')[0]}`
}

/** The packets of this process' network, if it is its own. */
export class Packets {
  static here(): Packets | undefined {
    return process.env[mark] === undefined ? undefined : new Packets()
  }

  private constructor() {
    nft('add', 'table', 'inet', 'chaos')
    nft('add', 'chain', 'inet', 'chaos', 'in', '{ type filter hook input priority 0 ; }')
  }

  /** So many of a hundred are lost from now on; what TCP sends again comes late, and after what was sent later. */
  lose(percent: number): void {
    nft('flush', 'chain', 'inet', 'chaos', 'in')
    if (percent > 0) nft('add', 'rule', 'inet', 'chaos', 'in', 'numgen', 'random', 'mod', '100', '<', String(percent), 'drop')
  }
}
