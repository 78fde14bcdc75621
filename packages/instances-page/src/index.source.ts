import { bundlePage } from './bundle.js'
import { type Page, pageOf } from './files.js'

export { pagePaths } from './files.js'
export type { Page, PageFile } from './files.js'

/** Builds the page from its sources, in memory: what runs from sources needs no build, and never shows an old one. */
export async function loadPage(): Promise<Page> {
  const files = await bundlePage()
  return pageOf((name) => {
    const file = files.get(name)
    return file ? Promise.resolve(file) : Promise.reject(new Error(`the page has no ${name}`))
  })
}
