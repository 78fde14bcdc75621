import { setTimeout as after } from 'node:timers/promises'
import { median } from '../measure.js'
import type { Child } from './child.js'

/** How many percent of one CPU scraping `url` every second costs the process, beyond what it takes at rest: the median of rounds with and without. */
export async function costOfScraping(child: Child, url: string, { rounds, seconds }: { readonly rounds: number; readonly seconds: number }): Promise<number> {
  const percentFor = async (each: () => Promise<unknown>): Promise<number> => {
    const before = await child.ask<number>('cpu')
    const startedAt = performance.now()
    for (let second = 0; second < seconds; second += 1) {
      await each()
      await after(Math.max(0, startedAt + (second + 1) * 1000 - performance.now()))
    }
    const cpuMs = ((await child.ask<number>('cpu')) - before) / 1000
    return (cpuMs / (performance.now() - startedAt)) * 100
  }
  const scrape = async (): Promise<string> => (await fetch(url)).text()
  await scrape()
  const costs: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const rest = await percentFor(() => Promise.resolve())
    costs.push((await percentFor(scrape)) - rest)
  }
  return median(costs)
}
