/** How the process ends. Scripts rely on these: they do not change. */
export const exitCodes = Object.freeze({
  /** All is well; or what was watched was ended by who watched it. */
  well: 0,
  /** The cluster was examined, and has faults. */
  faults: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** The cluster could not be examined: not reached, or not allowed. */
  unavailable: 3,
  /** Stopped by a signal before there was an answer. */
  interrupted: 130,
} as const)

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
