/** A full frame fits. */
const slotBytes = 72 * 1024
/** Shorter frames would hold too much of it while they wait: they have memory of their own, as larger ones have. */
const leastBytes = 16 * 1024
/** Memory that is not in use is kept for so many frames. */
const slotsKept = 32

/** Memory for frames, used again when the last socket that had a frame to send has sent it: frames at full load are no work for the garbage collector. */
export class FrameMemory {
  readonly #free: Buffer[] = []

  /** Memory for a frame of so many bytes: perhaps longer. */
  take(bytes: number): Buffer {
    if (bytes < leastBytes || bytes > slotBytes) return Buffer.allocUnsafe(bytes)
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(slotBytes)
  }

  /** Nobody looks at it any more. */
  giveBack(memory: Buffer): void {
    if (memory.length === slotBytes && this.#free.length < slotsKept) this.#free.push(memory)
  }
}
