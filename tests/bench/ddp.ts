// DDP: how fast calls are, and what idle sessions cost.
import { benchCalls } from './ddp/calls.js'
import { benchIdle } from './ddp/idle.js'
import type { BenchOptions, BenchReport } from './report.js'

export async function run(options: BenchOptions): Promise<BenchReport> {
  const { rows, targets } = await benchCalls(options)
  return { rows: [...rows, ...(await benchIdle(options))], targets }
}
