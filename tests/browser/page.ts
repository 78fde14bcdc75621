import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Why no browser can be started here, if none can. */
export const noBrowser = existsSync(executablePath) ? undefined : `there is no ${executablePath}; CHROMIUM may name another`

export interface TestPage {
  readonly page: Page
  /** What the page complained of: exceptions, refusals of its Content-Security-Policy, lines on the console. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

/** A page whose only script is `script`, under a policy that lets it do nothing but talk to this machine. */
export async function openPage(script: string): Promise<TestPage> {
  const server = await servePage(script)
  const browser = await launch()
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (line) => {
    // The browser itself logs every WebSocket that cannot connect, and nobody can keep it from that.
    if (!line.text().startsWith('WebSocket connection to ')) complaints.push(line.text())
  })
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
  return {
    page,
    complaints,
    async close() {
      await browser.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** On a fresh profile, which goes with the browser. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
}

async function servePage(script: string): Promise<Server> {
  const server = createServer(({ url }, response) => {
    response.setHeader('Content-Security-Policy', "default-src 'none'; script-src 'self'; connect-src ws://localhost:* http://localhost:*")
    if (url === '/') response.setHeader('Content-Type', 'text/html').end('<!doctype html><script type="module" src="/script.js"></script>')
    else if (url === '/script.js') response.setHeader('Content-Type', 'text/javascript').end(script)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return server
}
