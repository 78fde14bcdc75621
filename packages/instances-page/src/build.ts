// Writes the page beside what the compiler made of index.ts, where that looks for it.
import { mkdir, writeFile } from 'node:fs/promises'
import { bundlePage } from './bundle.js'

const folder = new URL('../dist/page/', import.meta.url)
await mkdir(folder, { recursive: true })
for (const [name, contents] of await bundlePage()) await writeFile(new URL(name, folder), contents)
