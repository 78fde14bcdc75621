/** Tells the parent process where a server listens, and whenever it asks what the process has used so far. */
export const answerUsage = (uri, answers = {}) => {
  process.send?.({ uri })
  process.on('message', ({ ask, argument }) => {
    const { user, system } = process.cpuUsage()
    const { heapUsed, rss } = process.memoryUsage()
    process.send?.({ cpuMicros: user + system, heapMb: heapUsed / 2 ** 20, rssMb: rss / 2 ** 20, ...answers[ask]?.(argument) })
  })
  // Without the parent there is nobody to serve.
  process.on('disconnect', () => process.exit(0))
}
