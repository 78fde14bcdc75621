import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InstanceProcess } from '../../../examples/cluster/instance-process.js'
import { launch, noBrowser } from '../page.js'
import { type Company, openCompany } from './company.js'
import { Operator } from './operator.js'

/** For what a busy machine may take its time. */
const soon = { timeout: 15_000, interval: 50 }

describe.skipIf(noBrowser !== undefined)(`the page of one of five processes${noBrowser === undefined ? '' : ` (${noBrowser})`}`, () => {
  let company: Company
  let browser: Browser
  let operator: Operator
  let looking: InstanceProcess

  beforeAll(async () => {
    ;[company, browser] = await Promise.all([openCompany(5), launch()])
    looking = at(0)
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await company?.close()
  }, 30_000)
  beforeEach(async () => {
    operator = await Operator.open(browser, looking.page)
    await operator.logIn(company.admin)
  })
  afterEach(async () => {
    const { complaints, urls } = operator
    await operator.close()
    expect(complaints).toEqual([])
    // Nothing but its own server was asked for anything, and no URL has a secret in it.
    expect(urls.filter((url) => new URL(url).host !== new URL(looking.page).host)).toEqual([])
    expect(urls.filter((url) => url.includes(company.admin.authToken) || url.includes(company.admin.userId))).toEqual([])
  })
  const at = (index: number): InstanceProcess => {
    const instance = company.instances[index]
    if (!instance) throw new Error(`there is no instance ${index}`)
    return instance
  }
  const living = (): InstanceProcess[] => company.instances.filter((instance) => instance.ended() === undefined)
  const allAlive = () =>
    expect.poll(async () => (await operator.rows()).map(({ address, status }) => `${address} ${status}`).toSorted(), soon)
      .toEqual(living().map((instance) => `${instance.address} ${instance === looking ? 'this instance' : 'alive'}`).toSorted())

  it('shows them, each with its link, and that nothing needs a look', async () => {
    await allAlive()
    for (const row of await operator.rows()) {
      const instance = company.instances.find(({ id }) => id === row['id'])
      expect(row).toMatchObject({ address: instance?.address, pid: String(instance?.pid), link: instance === looking ? 'itself' : 'connected', reason: '' })
    }
    await expect.poll(() => operator.text(), soon).toContain('Nothing. Everyone is here, and every link is up.')
    expect(await operator.text()).toContain(`Seen from ${looking.address} (${looking.id}), process ${looking.pid}`)
    expect(await operator.page.title()).toBe('rocket.chat: 5 instances')
    await expect.poll(() => operator.page.locator('#connection').innerText(), soon).toBe('Live')
    // All were asked how they see each other.
    await expect.poll(() => operator.page.locator('#ring-description').innerText(), soon).toBe('All of 10 links up.')
  })

  it('shows what they say to each other: throughput as it is', async () => {
    const figure = (name: string): Promise<string> => operator.page.locator(`.chart.${name} strong`).innerText()
    await expect.poll(async () => Number.parseFloat(await figure('sent')), soon).toBeGreaterThan(0)
    await expect.poll(async () => Number.parseFloat(await figure('received')), soon).toBeGreaterThan(1)
    await expect.poll(() => figure('bytesReceived'), soon).toMatch(/^[\d.]+ k?B\/s$/)
  })

  it('says within two seconds that one was killed, and why it is gone', async () => {
    await allAlive()
    const victim = at(4)
    process.kill(victim.pid, 'SIGKILL')
    const killed = performance.now()
    await expect.poll(() => operator.text(), soon).toMatch(new RegExp(`${victim.address} left \\d+ s ago`))
    const tookMs = performance.now() - killed
    expect(tookMs).toBeLessThan(2000)
    const text = await operator.text()
    expect(text).toContain('nobody listens at its address any more (refused)')
    expect(await operator.statusOf(victim.address)).toBeUndefined()
    await expect.poll(() => operator.page.locator('#announcer').textContent(), soon).toContain(`${victim.address} left: nobody listens`)
  })

  it('shows one that is paused as suspect, with the reason, and as well again when it goes on', async () => {
    await allAlive()
    const victim = at(3)
    process.kill(victim.pid, 'SIGSTOP')
    try {
      await expect.poll(() => operator.statusOf(victim.address), { ...soon, timeout: 30_000 }).toBe('suspect')
      const row = (await operator.rows()).find(({ address }) => address === victim.address)
      expect(row?.['reason']).not.toBe('')
      expect(await operator.page.locator('#problems').innerText()).toContain(`${victim.address} is suspect`)
      expect(await operator.page.locator('#problems').innerText()).toContain(row?.['reason'] ?? '')
      expect(await operator.page.locator('.link.broken').getAttribute('d')).toMatch(/^M/)
      expect(await operator.page.title()).toMatch(/^\(1 suspect\) rocket\.chat/)
      expect(await operator.violations()).toEqual([])
      await operator.picture('suspect')
      await pictureForTheReadme(operator)
    } finally {
      process.kill(victim.pid, 'SIGCONT')
    }
    await allAlive()
  }, 60_000)

  it('shows one that joins', async () => {
    await allAlive()
    const another = await company.join()
    await expect.poll(() => operator.statusOf(another.address), soon).toBe('alive')
    await expect.poll(() => operator.page.locator('#timeline').innerText(), soon).toContain(`${another.address} joined`)
  })

  it('says that what is shown is old when the instance that shows it stands still, and is live again by itself', async () => {
    await allAlive()
    process.kill(looking.pid, 'SIGSTOP')
    try {
      await expect.poll(() => operator.text(), soon).toMatch(/Not live since \d\d:\d\d:\d\d: what is shown is as it was then\./)
      expect(await operator.page.locator('#connection').innerText()).toBe('Connection lost')
      expect((await operator.rows()).length).toBe(living().length)
      expect(await operator.violations()).toEqual([])
    } finally {
      process.kill(looking.pid, 'SIGCONT')
    }
    await expect.poll(() => operator.page.locator('#connection').innerText(), { ...soon, timeout: 30_000 }).toBe('Live')
    expect(await operator.page.locator('#stale').isVisible()).toBe(false)
  }, 60_000)

  it('keeps the token in this tab only, and not after a log-out', async () => {
    await allAlive()
    await operator.page.reload()
    await allAlive()
    const otherTab = await operator.page.context().newPage()
    await otherTab.goto(looking.page)
    expect(await otherTab.getByLabel('Token').isVisible()).toBe(true)
    expect(await operator.page.evaluate('JSON.stringify(localStorage) + document.cookie')).toBe('{}')
    await operator.page.getByRole('button', { name: 'Log out' }).click()
    expect(await operator.page.evaluate('JSON.stringify(sessionStorage)')).toBe('{}')
    // Nor anything of what was seen, shown or hidden.
    const left = String(await operator.page.evaluate('document.documentElement.outerHTML'))
    for (const { id, address } of company.instances) expect(left.includes(id) || left.includes(address)).toBe(false)
    expect(await operator.page.getByLabel('Token').inputValue()).toBe('')
    await operator.page.reload()
    expect(await operator.page.getByLabel('Token').isVisible()).toBe(true)
    expect(await operator.page.locator('#rows tr').count()).toBe(0)
  })

  it('says that it is cut off when its instance leaves, tries again when asked to, and can be left', async () => {
    await allAlive()
    await looking.stop(5000)
    await expect.poll(() => operator.page.locator('#connection').innerText(), soon).toBe('Connection lost')
    await expect.poll(() => operator.page.locator('#stale').innerText(), soon).toMatch(/^Not live since \d\d:\d\d:\d\d: what is shown is as it was then\..* \d+ s ago\. (Next attempt in \d s\.|Trying again…)/)
    await operator.page.getByRole('button', { name: 'Try now' }).click()
    await expect.poll(() => operator.page.locator('#connection').innerText(), soon).toBe('Connection lost')
    await operator.page.getByRole('button', { name: 'Log out' }).click()
    expect(await operator.page.getByLabel('Token').isVisible()).toBe(true)
  })
})

/** `README_PICTURE=docs/cluster-page.png npx vitest run tests/browser/page/live.test.ts` makes the picture anew. */
async function pictureForTheReadme({ page }: Operator): Promise<void> {
  const path = process.env['README_PICTURE']
  if (path === undefined) return
  // Until the figures have something to show.
  await page.waitForTimeout(20_000)
  const next = await page.locator('[aria-labelledby=timeline-title]').boundingBox()
  await page.screenshot({ path, clip: { x: 0, y: 0, width: 1280, height: next?.y ?? 900 }, fullPage: true })
}
