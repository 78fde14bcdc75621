/** What ddp-common uses where it is there: Node.js has it, and browsers have not. */
declare const setImmediate: ((run: () => void) => unknown) | undefined
