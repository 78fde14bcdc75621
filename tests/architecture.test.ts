import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What a package may import of its siblings. An arrow that is not here is a mistake, or a change of the design. */
const siblings: Record<string, readonly string[]> = {
  'ddp-common': [],
  'ddp-client': ['ddp-common'],
  'ddp-server': ['ddp-common'],
  'instance-status': ['ddp-common', 'ddp-client', 'ddp-server'],
  // What of it runs in the browser; what instances-api takes is a list of files.
  'instances-page': ['ddp-client'],
  'instances-api': ['ddp-common', 'ddp-server', 'instance-status', 'instances-page'],
  'embedded-mongo': [],
  cli: ['ddp-client', 'ddp-common', 'instance-status'],
}

/** What the parts of a package may import of each other; a file beside the folders wires them and may import all. */
const parts: Record<string, Record<string, readonly string[]>> = {
  'instance-status': {
    registry: [],
    membership: ['registry'],
    mesh: ['membership'],
    broadcast: [],
    calls: [],
    'client-streams': ['broadcast'],
    leases: ['registry'],
    departures: ['registry', 'leases'],
  },
  cli: {
    text: [],
    registry: [],
    instance: [],
    watching: ['registry', 'instance', 'text'],
    doctor: ['registry', 'instance', 'text'],
    commands: ['registry', 'instance', 'watching', 'doctor', 'text'],
  },
}

interface Import {
  readonly from: string
  readonly specifier: string
  readonly typeOnly: boolean
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sourceFiles(path)
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') ? [path] : []
  })
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/gm)].map((match) => ({
    from: relative(root, file),
    specifier: match[2] ?? '',
    typeOnly: match[1] !== undefined,
  }))
}

const packages = readdirSync(join(root, 'packages'))
const imports = new Map(packages.map((name) => [name, sourceFiles(join(root, 'packages', name, 'src')).flatMap(importsOf)]))

const siblingOf = (specifier: string): string | undefined => /^@ddp-cluster\/([^/]+)/.exec(specifier)?.[1]
const targetOf = ({ from, specifier }: Import): string => normalize(join(dirname(from), specifier)).replace(/\.js$/, '.ts')

describe('the architecture', () => {
  it('finds the imports that it is to judge', () => {
    expect([...packages].sort()).toEqual(Object.keys(siblings).sort())
    expect([...imports.values()].flat().length).toBeGreaterThan(100)
  })

  it('has arrows between packages that run downwards only', () => {
    const wrong = packages.flatMap((name) =>
      (imports.get(name) ?? []).filter(({ specifier }) => {
        const sibling = siblingOf(specifier)
        return sibling !== undefined && !siblings[name]?.includes(sibling)
      }),
    )
    expect(wrong).toEqual([])
  })

  it('takes no more than types from instance-status into instances-api', () => {
    expect((imports.get('instances-api') ?? []).filter(({ specifier, typeOnly }) => siblingOf(specifier) === 'instance-status' && !typeOnly)).toEqual([])
  })

  it('takes no more than types from instance-status into the command line', () => {
    expect((imports.get('cli') ?? []).filter(({ specifier, typeOnly }) => siblingOf(specifier) === 'instance-status' && !typeOnly)).toEqual([])
  })

  it('keeps sockets, timers and dependencies out of ddp-common', () => {
    expect((imports.get('ddp-common') ?? []).filter(({ specifier }) => !specifier.startsWith('.'))).toEqual([])
  })

  it.each(Object.entries(parts))('lets the parts of %s know only what lies beneath them', (name, beneath) => {
    const base = `packages/${name}/src/`
    const wrong = (imports.get(name) ?? []).filter((entry) => {
      const from = partOf(entry.from.slice(base.length))
      const to = entry.specifier.startsWith('.') ? partOf(targetOf(entry).slice(base.length)) : undefined
      return from !== undefined && to !== undefined && from !== to && !beneath[from]?.includes(to)
    })
    expect(wrong).toEqual([])
  })

  it('has no import cycles, not even of types', () => {
    const edges = new Map<string, string[]>()
    for (const entry of [...imports.values()].flat()) {
      if (!entry.specifier.startsWith('.')) continue
      edges.set(entry.from, [...(edges.get(entry.from) ?? []), targetOf(entry)])
    }
    expect(findCycle(edges)).toBeUndefined()
  })

  it('would notice a cycle', () => {
    expect(findCycle(new Map([['a', ['b']], ['b', ['c']], ['c', ['a']]]))).toEqual(['a', 'b', 'c', 'a'])
  })
})

function partOf(path: string): string | undefined {
  const [folder, ...rest] = path.split('/')
  return rest.length > 0 ? folder : undefined
}

function findCycle(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    const at = path.indexOf(file)
    if (at >= 0) return [...path.slice(at), file]
    if (done.has(file)) return undefined
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next, [...path, file])
      if (cycle) return cycle
    }
    done.add(file)
    return undefined
  }
  for (const file of edges.keys()) {
    const cycle = visit(file, [])
    if (cycle) return cycle
  }
  return undefined
}
