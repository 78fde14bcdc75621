// Writes the page to `dist/page`, beside what the compiler made of index.ts, which looks for it there; or into the folder that is named.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundlePage } from './bundle.js'

const folder = process.argv[2] ?? fileURLToPath(new URL('../dist/page', import.meta.url))
await mkdir(folder, { recursive: true })
for (const [name, contents] of await bundlePage()) await writeFile(join(folder, name), contents)
