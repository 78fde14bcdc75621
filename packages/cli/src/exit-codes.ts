/** How the process ends. Scripts rely on these: they do not change. */
export const exitCodes = Object.freeze({
  /** All is well; or what was watched was ended by who watched it. */
  well: 0,
  /** It was looked at, and something is wrong in the cluster. */
  faults: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** It could not be looked at: not reached, or not allowed. */
  unavailable: 3,
  /** Stopped by a signal before there was an answer. */
  interrupted: 130,
} as const)

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
