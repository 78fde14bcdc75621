/** Function that ddp-common uses where it exists: Node.js has it, browsers have not. */
declare const setImmediate: ((run: () => void) => unknown) | undefined
