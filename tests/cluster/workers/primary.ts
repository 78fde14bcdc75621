// Starts three workers, waits until each has both others, and prints what they say as JSON.
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

interface Answer {
  readonly refused: string
  readonly port: string
  readonly alive: number
}

const count = 3
cluster.setupPrimary({ exec: fileURLToPath(new URL('worker.ts', import.meta.url)), args: process.argv.slice(2) })
const workers = Array.from({ length: count }, () => cluster.fork())
await Promise.all(workers.map((worker) => once(worker, 'message')))

const ask = async (worker: Worker): Promise<Answer> => {
  const answer = once(worker, 'message')
  worker.send('how are you?')
  return (await answer)[0] as Answer
}
let answers: Answer[]
do answers = await Promise.all(workers.map(ask))
while (answers.some(({ alive }) => alive !== count - 1))
const ended = Promise.all(workers.map((worker) => once(worker, 'exit')))
for (const worker of workers) worker.process.kill('SIGTERM')
const endings = (await ended).map(([, signal]) => String(signal))
process.stdout.write(JSON.stringify({ answers, endings }))
