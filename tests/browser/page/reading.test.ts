import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { InstanceProcess } from '../../../examples/cluster/instance-process.js'
import { launch, noBrowser } from '../page.js'
import { type Company, openCompany } from './company.js'
import { Operator } from './operator.js'

/** For what a busy machine may take its time. */
const soon = { timeout: 15_000, interval: 50 }
const phone = { width: 360, height: 740 }

describe.skipIf(noBrowser !== undefined)(`reading the page of a cluster of three${noBrowser === undefined ? '' : ` (${noBrowser})`}`, () => {
  let company: Company
  let browser: Browser
  let looking: InstanceProcess
  let operator: Operator | undefined

  beforeAll(async () => {
    ;[company, browser] = await Promise.all([openCompany(3), launch()])
    looking = company.instances.at(0) as InstanceProcess
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await company?.close()
  }, 30_000)
  afterEach(async () => {
    const complaints = operator?.complaints
    await operator?.close()
    operator = undefined
    expect(complaints).toEqual([])
  })

  const open = async (...options: Parameters<typeof Operator.open> extends [unknown, unknown, ...infer Rest] ? Rest : never): Promise<Operator> => (operator = await Operator.open(browser, looking.page, ...options))
  async function loggedIn(...options: Parameters<typeof open>): Promise<Operator> {
    const one = await open(...options)
    await one.logIn(company.admin)
    await expect.poll(async () => (await one.rows()).filter(({ link }) => link === 'connected').length, soon).toBe(2)
    return one
  }

  it('sorts by every column, both ways, and says how', async () => {
    const { page, rows } = bound(await loggedIn())
    for (const [heading, column] of [['Address', 'address'], ['Instance', 'id'], ['Process', 'pid']] as const) {
      const button = page.getByRole('columnheader', { name: heading }).getByRole('button')
      await button.click()
      const up = (await rows()).map((row) => row[column] ?? '')
      expect(up).toEqual(up.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })))
      expect(await page.getByRole('columnheader', { name: heading }).getAttribute('aria-sort')).toBe('ascending')
      await button.click()
      expect((await rows()).map((row) => row[column])).toEqual(up.toReversed())
      expect(await page.getByRole('columnheader', { name: heading }).getAttribute('aria-sort')).toBe('descending')
    }
    expect(await page.locator('[aria-sort]').count()).toBe(1)
  })

  it('filters by words and by status, and says how many are left', async () => {
    const { page, rows } = bound(await loggedIn())
    const [first, second] = company.instances
    await page.getByLabel('Filter').fill(String(second?.pid))
    expect((await rows()).map(({ id }) => id)).toEqual([second?.id])
    expect(await page.locator('#shown').innerText()).toBe('1 of 3 instances')
    await page.getByLabel('Filter').fill(`connected ${first?.id}`)
    expect(await page.locator('#shown').innerText()).toBe('No instance is like that.')
    await page.getByLabel('Filter').fill('')
    await page.getByLabel('Status', { exact: true }).selectOption('suspect')
    expect(await rows()).toEqual([])
    await page.getByLabel('Status', { exact: true }).selectOption('alive')
    expect((await rows()).length).toBe(3)
  })

  it('can be used by keyboard alone', async () => {
    const { page, rows } = bound(await open())
    const focused = (): Promise<string> => page.evaluate("document.activeElement.id || document.activeElement.textContent")
    const tabTo = async (wanted: string): Promise<void> => {
      for (let presses = 0; (await focused()) !== wanted; presses += 1) {
        if (presses > 40) throw new Error(`no Tab leads to ${wanted}`)
        await page.keyboard.press('Tab')
      }
    }
    expect(await focused()).toBe('user-id')
    await page.keyboard.type(company.admin.userId)
    await page.keyboard.press('Tab')
    await page.keyboard.type(company.admin.authToken)
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await rows()).length, soon).toBe(3)
    expect(await focused()).toBe('name')
    await tabTo('filter')
    await page.keyboard.type(looking.address)
    await expect.poll(async () => (await rows()).length, soon).toBe(1)
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.press('Delete')
    await tabTo('Process')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Space')
    const pids = (await rows()).map(({ pid }) => Number(pid))
    expect(pids).toEqual(pids.toSorted((a, b) => b - a))
    // What has the keyboard is seen to have it.
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    await page.evaluate('document.activeElement.blur(); scrollTo(0, 0)')
    await page.locator('.skip').focus()
    await page.keyboard.press('Enter')
    expect(await focused()).toBe('instances')
    await page.locator('#name').focus()
    await tabTo('sign-out')
    await page.keyboard.press('Enter')
    expect(await page.getByLabel('Token').isVisible()).toBe(true)
  })

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow', { viewport: phone }],
    ['narrow and dark', { viewport: phone, colorScheme: 'dark' }],
  ] as const)('is fit for everybody: %s', async (name, options) => {
    const form = await open(options)
    expect(await form.violations()).toEqual([])
    expect(await form.overflows()).toBe(false)
    await form.picture(`form, ${name}`)
    await form.close()
    const cluster = await loggedIn(options)
    expect(await cluster.violations()).toEqual([])
    expect(await cluster.overflows()).toBe(false)
    await cluster.picture(`cluster, ${name}`)
    const background = await cluster.page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(background).toBe(name.endsWith('dark') ? 'rgb(15, 21, 20)' : 'rgb(243, 245, 244)')
  }, 30_000)

  it('on a phone sorts by a list, as the headings are away', async () => {
    const { page, rows } = bound(await loggedIn({ viewport: phone }))
    await page.getByLabel('Sort by').selectOption('Process')
    const pids = (await rows()).map(({ pid }) => Number(pid))
    expect(pids).toEqual(pids.toSorted((a, b) => a - b))
    expect(await page.getByRole('columnheader').first().isVisible()).toBe(false)
  })

  it('does not let in who shows a wrong token, and says so', async () => {
    const { page, logIn } = bound(await open())
    await logIn({ ...company.admin, authToken: 'wrong' })
    await expect.poll(() => page.getByRole('alert').first().innerText(), soon).toContain('This user id and token are not known.')
    expect(await page.getByLabel('User id').inputValue()).toBe(company.admin.userId)
    expect(await page.getByLabel('Token').inputValue()).toBe('')
    expect(await page.evaluate('document.activeElement.id')).toBe('auth-token')
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
    expect(await operator?.violations()).toEqual([])
  })

  it('does not let in who has no right to see the instances, and says which', async () => {
    const { page, logIn } = bound(await open())
    await logIn(company.guest)
    await expect.poll(() => page.getByRole('alert').first().innerText(), soon).toContain('none of their roles has the permission view-statistics')
    expect(await page.locator('#rows tr').count()).toBe(0)
  })
})

/** Its functions without the object before them. */
function bound(operator: Operator): { page: Operator['page']; rows: () => ReturnType<Operator['rows']>; logIn: (login: Parameters<Operator['logIn']>[0]) => Promise<void> } {
  return { page: operator.page, rows: () => operator.rows(), logIn: (login) => operator.logIn(login) }
}
