import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Makes one plain JavaScript file of the benchmark's process and this library, and leaves what comes from npm where it is: so it starts soon, and runs as published code does. */
export async function buildProcess(): Promise<string> {
  const outfile = fileURLToPath(new URL('../../node_modules/.cache/bench-broadcast.mjs', import.meta.url))
  await build({
    entryPoints: [fileURLToPath(new URL('process.ts', import.meta.url))], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error',
    conditions: ['@ddp-cluster/source'], external: ['mongodb', 'ws', 'moleculer', 'socket.io', '@socket.io/*', 'redis', '@nats-io/*', 'ejson'],
  })
  return outfile
}
