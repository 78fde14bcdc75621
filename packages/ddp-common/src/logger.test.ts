import { describe, expect, it } from 'vitest'
import { harmless, type Logger, silentLogger } from './logger.js'

describe('harmless', () => {
  it('hands on what is said, to a logger that needs its this', () => {
    class Lines {
      readonly said: unknown[] = []
      debug = (): void => undefined
      info(fields: object, message: string): void {
        this.said.push([fields, message])
      }
      warn = (): void => undefined
      error = (): void => undefined
    }
    const lines = new Lines()
    harmless(lines).info({ a: 1 }, 'one')
    expect(lines.said).toEqual([[{ a: 1 }, 'one']])
  })

  it('keeps what a logger throws from those who only wanted to say something', () => {
    const full = (): never => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    }
    const logger = harmless({ debug: full, info: full, warn: full, error: full })
    for (const level of ['debug', 'info', 'warn', 'error'] as const) expect(() => logger[level]({}, 'x')).not.toThrow()
  })

  it('keeps the rejections of an asynchronous logger from ending the process', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const rejects = (() => Promise.reject(new Error('ENOSPC'))) as () => void
    const logger = harmless({ debug: rejects, info: rejects, warn: rejects, error: rejects })
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]({}, 'x')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it('refuses what is no logger, and is silent without one', () => {
    expect(() => harmless({ info: () => undefined } as unknown as Logger)).toThrow(new TypeError('logger must have the methods debug, info, warn, error'))
    expect(harmless(undefined)).toBe(silentLogger)
  })
})
