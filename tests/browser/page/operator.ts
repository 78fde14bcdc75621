import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

// In the page.
declare const window: { axe: typeof axe }

const pictures = fileURLToPath(new URL('pictures/', import.meta.url))

export interface Login {
  readonly userId: string
  readonly authToken: string
}

/** Somebody who looks at the page of an instance, and what the browser noticed meanwhile. */
export class Operator {
  readonly page: Page
  /** Errors and warnings on the console, and exceptions. */
  readonly complaints: string[] = []
  /** Every URL that was asked for. */
  readonly urls: string[] = []

  private constructor(page: Page) {
    this.page = page
    page.on('pageerror', (error) => this.complaints.push(String(error)))
    page.on('console', (line) => {
      // The browser itself logs every WebSocket that cannot connect, and every request whose server goes away; nobody can keep it from that.
      if (!/^WebSocket connection to |^Failed to load resource: net::ERR_CONNECTION/.test(line.text())) this.complaints.push(line.text())
    })
    page.on('request', (request) => this.urls.push(request.url()))
    page.on('websocket', (socket) => this.urls.push(socket.url()))
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Operator> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: 'light', reducedMotion: 'reduce', ...options })
    const operator = new Operator(await context.newPage())
    await operator.page.goto(url)
    return operator
  }

  async logIn({ userId, authToken }: Login): Promise<void> {
    await this.page.getByLabel('User id').fill(userId)
    await this.page.getByLabel('Token').fill(authToken)
    await this.page.getByRole('button', { name: 'Show the cluster' }).click()
  }

  /** The rows of the table as they are read: a cell under each heading. */
  rows(): Promise<Record<string, string>[]> {
    return this.page.locator('#rows tr').evaluateAll((rows) =>
      (rows as unknown as { querySelectorAll(selector: string): Iterable<{ dataset: { column?: string }; querySelector(selector: string): { textContent: string } | null }> }[]).map((row) =>
        Object.fromEntries([...row.querySelectorAll('td')].map((cell) => [cell.dataset.column ?? '', cell.querySelector('.value')?.textContent ?? ''])),
      ),
    )
  }

  /** The rows by their address, so that they can be waited for. */
  async statusOf(address: string): Promise<string | undefined> {
    return (await this.rows()).find((row) => row['address'] === address)?.['status']
  }

  /** All that the page says. */
  text(): Promise<string> {
    return this.page.locator('body').innerText()
  }

  /** What a checker of accessibility finds fault with. */
  async violations(): Promise<string[]> {
    await this.page.evaluate(axe.source)
    const { violations } = await this.page.evaluate(() => window.axe.run())
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary ?? ''}`))
  }

  /** Whether something is wider than the window, or than the card that it is in. */
  overflows(): Promise<boolean> {
    return this.page.evaluate("[document.documentElement, ...document.querySelectorAll('.card')].some((part) => part.scrollWidth > part.clientWidth)")
  }

  async picture(name: string, options: { readonly fullPage?: boolean } = { fullPage: true }): Promise<void> {
    await mkdir(pictures, { recursive: true })
    await this.page.screenshot({ path: `${pictures}${name}.png`, ...options })
  }

  async close(): Promise<void> {
    await this.page.context().close()
  }
}
