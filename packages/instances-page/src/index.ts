import { readFile } from 'node:fs/promises'
import { type Page, pageOf } from './files.js'

export { pagePaths } from './files.js'
export type { Page, PageFile } from './files.js'

/** Reads the page as it was built. */
export function loadPage(): Promise<Page> {
  return pageOf((name) => readFile(new URL(`page/${name}`, import.meta.url)))
}
