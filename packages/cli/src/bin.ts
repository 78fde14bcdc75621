import { main } from './main.js'

const stopping = new AbortController()
// Once: who presses Ctrl-C a second time does not wait for the end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort())
// The reader of the output has gone: nobody is left to tell.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stopping.abort())

const { argv, env, stdout, stderr } = process
const code = await main({ args: argv.slice(2), env, stdout, stderr, stopping: stopping.signal })
// When all is written; what was still being asked is not waited for.
stdout.write('', () => stderr.write('', () => process.exit(code)))
