import { parseArgs } from 'node:util'

export interface Arguments {
  readonly instances: number
  /** Wait until everyone is linked to everyone, print that, and end. */
  readonly once: boolean
  /** Print JSON, and nothing else, on standard output. */
  readonly json: boolean
  /** Kill, pause and cut off instances, and start others in their place. */
  readonly chaos: boolean
}

export const usage = 'npm start -- [--instances N] [--chaos] | [--once] [--json]'

const mostInstances = 100

/** Throws an `Error` that says what is wrong. */
export function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: { instances: { type: 'string', default: '3' }, once: { type: 'boolean', default: false }, json: { type: 'boolean', default: false }, chaos: { type: 'boolean', default: false } },
  })
  const instances = Number(values.instances)
  if (!Number.isInteger(instances) || instances < 1 || instances > mostInstances) {
    throw new Error(`--instances must be a whole number from 1 to ${mostInstances}, not ${values.instances}`)
  }
  if (values.json && !values.once) throw new Error('--json goes with --once')
  if (values.chaos && values.once) throw new Error('--chaos goes on and on: it cannot go with --once')
  if (values.chaos && instances < 2) throw new Error('--chaos needs two instances at least: the first is left alone')
  return { instances, once: values.once, json: values.json, chaos: values.chaos }
}
