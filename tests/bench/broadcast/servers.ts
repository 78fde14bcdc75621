import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'

export interface ServerProcess {
  readonly port: number
  close(): void
}

/** Starts a server of the Debian package; undefined where it is not installed. */
export async function startServer(binary: string, argumentsFor: (port: number) => string[]): Promise<ServerProcess | undefined> {
  if (!existsSync(binary)) return undefined
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  free.close()
  await once(free, 'close')
  const child = spawn(binary, argumentsFor(port), { stdio: 'ignore', cwd: tmpdir() })
  for (let tries = 0; !(await answers(port)); tries += 1) {
    if (tries > 100) throw new Error(`${binary} does not answer`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { port, close: () => void child.kill('SIGKILL') }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
